package io.warmpath.testkit;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** A certificate authority of one test: issues certificates, and writes them as PEM files. */
public final class TestAuthority {

  private static final Duration A_DAY = Duration.ofDays(1);

  private final X509Bundle root;

  private TestAuthority(X509Bundle root) {
    this.root = root;
  }

  /** Makes an authority with a name of its own. */
  public static TestAuthority named(String name) throws Exception {
    return new TestAuthority(
        new CertificateBuilder()
            .algorithm(Algorithm.ecp256)
            .subject("CN=" + name)
            .setIsCertificateAuthority(true)
            .buildSelfSigned());
  }

  /** Writes its own certificate. */
  public Path writeCertificate(Path file) throws IOException {
    return Files.writeString(file, root.getCertificatePEM());
  }

  /** Returns a certificate for {@code dnsName}, {@code localhost} and 127.0.0.1, good for a day. */
  public X509Bundle issue(String dnsName, Algorithm algorithm) throws Exception {
    return issue(dnsName, algorithm, Instant.now().plus(A_DAY));
  }

  /** Returns the same with another end. */
  public X509Bundle issue(String dnsName, Algorithm algorithm, Instant notAfter) throws Exception {
    return new CertificateBuilder()
        .algorithm(algorithm)
        .subject("CN=" + dnsName)
        .addSanDnsName(dnsName)
        .addSanDnsName("localhost")
        .addSanIpAddress("127.0.0.1")
        .notBefore(Instant.now().minus(A_DAY.multipliedBy(2)))
        .notAfter(notAfter)
        .buildIssuedBy(root);
  }

  /**
   * Writes a certificate for {@code dnsName} and its key as {@code tls.crt} and {@code tls.key}.
   */
  public Pair write(Path directory, String dnsName) throws Exception {
    return write(directory, issue(dnsName, Algorithm.ecp256));
  }

  /** Writes a certificate and its key as {@code tls.crt} and {@code tls.key}. */
  public static Pair write(Path directory, X509Bundle issued) throws IOException {
    Files.createDirectories(directory);
    return new Pair(
        Files.writeString(directory.resolve("tls.crt"), issued.getCertificatePathPEM()),
        Files.writeString(directory.resolve("tls.key"), issued.getPrivateKeyPEM()));
  }

  /** Returns a client's context that trusts this authority and has {@code own}, null for none. */
  public SSLContext clientContext(@Nullable X509Bundle own) throws Exception {
    char[] password = {};
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, password);
    if (own != null) {
      keys.setKeyEntry("own", own.getKeyPair().getPrivate(), password, own.getCertificatePath());
    }
    KeyManagerFactory keyManagers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keyManagers.init(keys, password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        keyManagers.getKeyManagers(), root.toTrustManagerFactory().getTrustManagers(), null);
    return context;
  }

  /** The files of a certificate and of its private key. */
  public record Pair(Path certificate, Path key) {}
}
