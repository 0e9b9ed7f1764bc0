package io.warmpath.relay.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSessionContext;
import org.jspecify.annotations.Nullable;

/**
 * A context whose engines are made of the newest credentials; connections that are there keep
 * theirs. Written by one thread at a time, used by any.
 */
final class FollowingContext extends SslContext {

  /*
   * New credentials are a new context, not a new key manager in the old one, because a context
   * remembers sessions: a client whose authority was taken off the list could resume one for a day.
   *
   * The provider is the JDK's. BoringSSL, which the class path has too, seals faster, but tokens
   * are few bytes, its contexts and engines are native memory that is counted by hand, and it would
   * be a second implementation where its library does not load.
   */
  private static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

  /** What HTTP/2 allows: forward secrecy and authenticated encryption. */
  private static final List<String> CIPHERS =
      List.of(
          "TLS_AES_128_GCM_SHA256",
          "TLS_AES_256_GCM_SHA384",
          "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

  private final boolean client;
  private final List<String> applicationProtocols;
  private volatile SslContext newest;

  FollowingContext(boolean client, List<String> applicationProtocols, Credentials credentials)
      throws SSLException {
    this.client = client;
    this.applicationProtocols = List.copyOf(applicationProtocols);
    this.newest = build(credentials);
  }

  /** Returns a context of {@code credentials}, to be used by {@link #use}. */
  SslContext build(Credentials credentials) throws SSLException {
    X509Certificate[] chain = credentials.chain().toArray(X509Certificate[]::new);
    X509Certificate[] authorities = credentials.authorities().toArray(X509Certificate[]::new);
    @Nullable PrivateKey key = credentials.key();
    SslContextBuilder builder;
    if (client) {
      builder = SslContextBuilder.forClient();
      if (key != null) {
        builder.keyManager(key, chain);
      }
    } else if (key != null) {
      builder = SslContextBuilder.forServer(key, chain);
      builder.clientAuth(authorities.length == 0 ? ClientAuth.NONE : ClientAuth.REQUIRE);
    } else {
      throw new SSLException("a server needs a certificate");
    }
    if (authorities.length > 0) {
      builder.trustManager(authorities);
    }
    return builder
        .sslProvider(SslProvider.JDK)
        .protocols(PROTOCOLS)
        .ciphers(CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                Protocol.ALPN,
                SelectorFailureBehavior.NO_ADVERTISE,
                SelectedListenerFailureBehavior.ACCEPT,
                applicationProtocols))
        .build();
  }

  /** New connections are made with {@code context}. */
  void use(SslContext context) {
    newest = context;
  }

  @Override
  public boolean isClient() {
    return client;
  }

  @Override
  public List<String> cipherSuites() {
    return newest.cipherSuites();
  }

  @Override
  @SuppressWarnings("deprecation") // Netty's own contexts must answer it, too.
  public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
    return newest.applicationProtocolNegotiator();
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator) {
    return newest.newEngine(allocator);
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator, String peerHost, int peerPort) {
    return newest.newEngine(allocator, peerHost, peerPort);
  }

  @Override
  public SSLSessionContext sessionContext() {
    return newest.sessionContext();
  }
}
