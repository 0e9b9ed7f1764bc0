package io.warmpath.relay.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.warmpath.testkit.TestAuthority;
import io.warmpath.testkit.TestAuthority.Pair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Contexts that follow PEM files, by handshakes in memory. */
final class TlsTest {

  private static final List<String> H2 = List.of("h2", "http/1.1");
  private static final Duration NEVER = Duration.ofDays(1);

  @TempDir private Path folder;
  private final MeterRegistry registry = new SimpleMeterRegistry();
  private TestAuthority authority;
  private Path ca;

  @BeforeEach
  void makeAuthority() throws Exception {
    authority = TestAuthority.named("authority");
    ca = authority.writeCertificate(folder.resolve("ca.crt"));
  }

  // ---- what is read

  @Test
  void key_inEachFormAndAlgorithm_isRead() throws Exception {
    for (Algorithm algorithm : List.of(Algorithm.rsa2048, Algorithm.ecp256, Algorithm.ecp384)) {
      X509Bundle issued = authority.issue("a", algorithm);
      byte[] pkcs8 = issued.getKeyPair().getPrivate().getEncoded();
      byte[] bare =
          PrivateKeyInfo.getInstance(pkcs8).parsePrivateKey().toASN1Primitive().getEncoded();
      String old = issued.getKeyPair().getPrivate().getAlgorithm() + " PRIVATE KEY";
      Pair pair = TestAuthority.write(folder, issued);

      assertThat(handshake(pair)).as("PKCS #8, %s", algorithm).isEqualTo(issued.getCertificate());
      Files.writeString(pair.key(), "# a comment\n" + pem(old, bare));
      assertThat(handshake(pair)).as("%s, %s", old, algorithm).isEqualTo(issued.getCertificate());
    }
  }

  @Test
  void files_thatCannotBeUsed_areRefusedInOneSentence() throws Exception {
    Pair pair = authority.write(folder, "a");
    Pair other = authority.write(folder.resolve("other"), "b");
    X509Bundle old =
        authority.issue("a", Algorithm.ecp256, Instant.now().minus(Duration.ofHours(1)));
    Pair expired = TestAuthority.write(folder.resolve("expired"), old);
    Path text = Files.writeString(folder.resolve("text"), "hello");
    Path locked =
        Files.writeString(folder.resolve("locked"), pem("ENCRYPTED PRIVATE KEY", new byte[9]));
    Path rsa =
        TestAuthority.write(folder.resolve("rsa"), authority.issue("a", Algorithm.rsa2048)).key();

    refused(pair.certificate(), other.key(), "is not the key of the certificate");
    refused(pair.certificate(), rsa, "has no private key that fits the certificate's EC");
    refused(pair.certificate(), text, "text has no private key in PEM form");
    refused(pair.certificate(), locked, "locked is encrypted");
    refused(pair.certificate(), folder.resolve("none"), "none cannot be read");
    refused(text, pair.key(), "text has no certificate in PEM form");
    refused(pair.key(), pair.key(), "tls.key has no certificate in PEM form");
    refused(expired.certificate(), expired.key(), "expired at");
  }

  private void refused(Path certificate, Path key, String sentence) {
    assertThatThrownBy(() -> server(new TlsSettings(certificate, key, null, NEVER)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(sentence);
  }

  @Test
  void settings_withHalfAPair_areRefused() {
    assertThatThrownBy(() -> new TlsSettings(folder, null, null, NEVER))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("`certificate` without `key`");
    assertThatThrownBy(() -> new TlsSettings(null, null, null, NEVER))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void pemTexts_doNotSayTheKey() throws Exception {
    Pair pair = authority.write(folder, "a");
    assertThat(PemTexts.read(TlsSettings.server(pair.certificate(), pair.key(), null)).toString())
        .doesNotContain("KEY");
  }

  // ---- handshakes

  @Test
  void handshake_agreesOnTheFirstProtocolThatBothSpeak() throws Exception {
    try (Tls server = server(settings(authority.write(folder, "a")));
        Tls client = client(TlsSettings.client(ca))) {
      SslContext contexts = server.context(H2);
      assertThat(connect(client.context(H2), contexts).getApplicationProtocol()).isEqualTo("h2");
      assertThat(connect(client.context(List.of("http/1.1")), contexts).getApplicationProtocol())
          .isEqualTo("http/1.1");
    }
  }

  @Test
  void client_withoutACertificate_isRefusedWhereAnAuthorityIsSet() throws Exception {
    Pair pair = authority.write(folder, "a");
    Pair own = authority.write(folder.resolve("client"), "client");
    try (Tls server = server(new TlsSettings(pair.certificate(), pair.key(), ca, NEVER));
        Tls stranger = client(TlsSettings.client(ca));
        Tls known = client(new TlsSettings(own.certificate(), own.key(), ca, NEVER))) {
      SslContext contexts = server.context(H2);
      assertThatThrownBy(() -> connect(stranger.context(H2), contexts))
          .isInstanceOf(SSLException.class);
      assertThat(connect(known.context(H2), contexts).getApplicationProtocol()).isEqualTo("h2");
    }
  }

  @Test
  void server_ofAnotherNameOrAuthority_isRefusedByTheClient() throws Exception {
    Path strange = TestAuthority.named("strange").writeCertificate(folder.resolve("strange.crt"));
    try (Tls server = server(settings(authority.write(folder, "a")));
        Tls client = client(TlsSettings.client(ca));
        Tls distrustful = client(TlsSettings.client(strange))) {
      SslContext contexts = server.context(H2);
      assertThatThrownBy(() -> connect(client.context(H2), contexts, "b"))
          .isInstanceOf(SSLException.class);
      assertThatThrownBy(() -> connect(distrustful.context(H2), contexts, "a"))
          .isInstanceOf(SSLException.class);
      connect(client.context(H2), contexts, "a");
    }
  }

  // ---- changes

  @Test
  void files_swappedByALinkAsInKubernetes_areUsedByNewConnections() throws Exception {
    Path secret = Files.createDirectories(folder.resolve("secret"));
    X509Bundle first = authority.issue("a", Algorithm.ecp256);
    X509Bundle second = authority.issue("a", Algorithm.rsa2048);
    TestAuthority.write(secret.resolve("..1"), first);
    TestAuthority.write(secret.resolve("..2"), second);
    Files.createSymbolicLink(secret.resolve("..data"), Path.of("..1"));
    Path certificate =
        Files.createSymbolicLink(secret.resolve("tls.crt"), Path.of("..data/tls.crt"));
    Path key = Files.createSymbolicLink(secret.resolve("tls.key"), Path.of("..data/tls.key"));

    try (Tls server = server(new TlsSettings(certificate, key, null, NEVER));
        Tls client = client(TlsSettings.client(ca))) {
      SslContext contexts = server.context(H2);
      SslContext clients = client.context(H2);
      assertThat(peer(connect(clients, contexts))).isEqualTo(first.getCertificate());

      Files.delete(secret.resolve("..data"));
      Files.createSymbolicLink(secret.resolve("..data"), Path.of("..2"));
      server.poll();
      assertThat(reloads("applied")).as("not before it settled").isZero();
      server.poll();
      server.poll();

      assertThat(reloads("applied")).isEqualTo(1);
      assertThat(peer(connect(clients, contexts))).isEqualTo(second.getCertificate());
    }
  }

  @Test
  void pair_thatIsBroken_isRefusedOnceAndTheOldOneGoesOn() throws Exception {
    X509Bundle first = authority.issue("a", Algorithm.ecp256);
    Pair pair = TestAuthority.write(folder, first);
    try (Tls server = server(settings(pair));
        Tls client = client(TlsSettings.client(ca))) {
      SslContext contexts = server.context(H2);
      SslContext clients = client.context(H2);

      Files.writeString(pair.key(), authority.issue("a", Algorithm.ecp256).getPrivateKeyPEM());
      pollThrice(server);
      assertThat(reloads("refused")).isEqualTo(1);
      assertThat(stale()).isEqualTo(1);
      assertThat(peer(connect(clients, contexts))).isEqualTo(first.getCertificate());

      Files.delete(pair.key());
      pollThrice(server);
      assertThat(reloads("refused")).isEqualTo(2);
      assertThat(peer(connect(clients, contexts))).isEqualTo(first.getCertificate());

      X509Bundle second = authority.issue("a", Algorithm.ecp256);
      TestAuthority.write(folder, second);
      pollThrice(server);
      assertThat(reloads("applied")).isEqualTo(1);
      assertThat(stale()).isZero();
      assertThat(peer(connect(clients, contexts))).isEqualTo(second.getCertificate());
    }
  }

  @Test
  void authority_thatIsTakenAway_letsNoSessionBeResumed() throws Exception {
    Pair pair = authority.write(folder, "a");
    TestAuthority others = TestAuthority.named("others");
    Pair own = others.write(folder.resolve("client"), "client");
    Path clientCa = others.writeCertificate(folder.resolve("client.crt"));
    try (Tls server = server(new TlsSettings(pair.certificate(), pair.key(), clientCa, NEVER));
        Tls client = client(new TlsSettings(own.certificate(), own.key(), ca, NEVER))) {
      SslContext contexts = server.context(H2);
      SslContext clients = client.context(H2);
      connect(clients, contexts);
      connect(clients, contexts);

      authority.writeCertificate(clientCa);
      pollThrice(server);

      assertThatThrownBy(() -> connect(clients, contexts)).isInstanceOf(SSLException.class);
    }
  }

  @Test
  void expiry_isTheEarliestOfEachFile() throws Exception {
    Instant end = Instant.now().plus(Duration.ofHours(5));
    Pair pair = TestAuthority.write(folder, authority.issue("a", Algorithm.ecp256, end));
    try (Tls server = server(new TlsSettings(pair.certificate(), pair.key(), ca, NEVER))) {
      assertThat(server).isNotNull();
      assertThat(expiry("certificate")).isBetween(4.9 * 3_600, 5.0 * 3_600);
      assertThat(expiry("ca")).isGreaterThan(3_600);
    }
  }

  // ---- helpers

  private static TlsSettings settings(Pair pair) {
    return new TlsSettings(pair.certificate(), pair.key(), null, NEVER);
  }

  private Tls server(TlsSettings settings) throws IOException {
    return Tls.server("server", settings, InstantSource.system(), registry);
  }

  private static Tls client(TlsSettings settings) throws IOException {
    return Tls.client("client", settings, InstantSource.system(), new SimpleMeterRegistry());
  }

  private static void pollThrice(Tls tls) {
    tls.poll();
    tls.poll();
    tls.poll();
  }

  private double reloads(String result) {
    return registry.get("warmpath.tls.reloads").tag("result", result).counter().count();
  }

  private double stale() {
    return registry.get("warmpath.tls.stale").gauge().value();
  }

  private double expiry(String file) {
    return registry.get("warmpath.tls.expiry").tag("file", file).gauge().value();
  }

  private static String pem(String type, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(type, Base64.getMimeEncoder().encodeToString(der), type);
  }

  private X509Certificate handshake(Pair pair) throws IOException {
    try (Tls server = server(settings(pair));
        Tls client = client(TlsSettings.client(ca))) {
      return peer(connect(client.context(H2), server.context(H2)));
    }
  }

  private static X509Certificate peer(SSLEngine client) throws SSLException {
    return (X509Certificate) client.getSession().getPeerCertificates()[0];
  }

  private static SSLEngine connect(SslContext client, SslContext server) throws SSLException {
    return connect(client, server, "localhost");
  }

  /** Lets two engines speak until both have finished, and returns the client's. */
  private static SSLEngine connect(SslContext clients, SslContext servers, String host)
      throws SSLException {
    SSLEngine client = clients.newEngine(UnpooledByteBufAllocator.DEFAULT, host, 443);
    SSLEngine server = servers.newEngine(UnpooledByteBufAllocator.DEFAULT);
    client.beginHandshake();
    server.beginHandshake();
    ByteBuffer toServer = ByteBuffer.allocate(1 << 16);
    ByteBuffer toClient = ByteBuffer.allocate(1 << 16);
    for (int i = 0; i < 20; i++) {
      step(client, toClient, toServer);
      step(server, toServer, toClient);
    }
    assertThat(client.getHandshakeStatus()).isEqualTo(HandshakeStatus.NOT_HANDSHAKING);
    assertThat(server.getHandshakeStatus()).isEqualTo(HandshakeStatus.NOT_HANDSHAKING);
    return client;
  }

  private static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws SSLException {
    ByteBuffer plain = ByteBuffer.allocate(1 << 16);
    in.flip();
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
    HandshakeStatus status = engine.getHandshakeStatus();
    if (status == HandshakeStatus.NEED_UNWRAP || status == HandshakeStatus.NOT_HANDSHAKING) {
      SSLEngineResult unused = engine.unwrap(in, plain);
      assertThat(unused).isNotNull();
    }
    in.compact();
    if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
      SSLEngineResult unused = engine.wrap(ByteBuffer.allocate(0), out);
      assertThat(unused).isNotNull();
    }
  }
}
