package io.warmpath.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.membership.ZooKeeperSettings.Tls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.apache.zookeeper.server.auth.ProviderRegistry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server that wants TLS and a client certificate. Its library takes them as system properties,
 * which a client would use as well if its own settings did not prevail: the server trusts the
 * client's certificate only, not its own.
 */
@Timeout(120)
final class TlsTest {

  private static final String PASSWORD = "changeit";

  @TempDir private static Path keys;
  @TempDir private Path data;
  private final List<String> properties = new ArrayList<>();
  private ZooKeeperServer server;
  private ServerCnxnFactory listener;

  @BeforeAll
  static void makeKeys() throws Exception {
    makeKey("server");
    makeKey("client");
    trust("server", "of-client");
    trust("client", "of-server");
    Files.writeString(keys.resolve("password"), PASSWORD);
  }

  @BeforeEach
  void start() throws Exception {
    Map.of(
            ServerCnxnFactory.ZOOKEEPER_SERVER_CNXN_FACTORY,
            "org.apache.zookeeper.server.NettyServerCnxnFactory",
            "zookeeper.authProvider.x509",
            "org.apache.zookeeper.server.auth.X509AuthenticationProvider",
            "zookeeper.ssl.keyStore.location",
            keys.resolve("server.p12").toString(),
            "zookeeper.ssl.keyStore.password",
            PASSWORD,
            "zookeeper.ssl.trustStore.location",
            keys.resolve("of-server.p12").toString(),
            "zookeeper.ssl.trustStore.password",
            PASSWORD)
        .forEach(this::set);
    ProviderRegistry.reset();
    server = new ZooKeeperServer(data.toFile(), data.toFile(), 500);
    listener = ServerCnxnFactory.createFactory();
    listener.configure(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 60, -1, true);
    listener.startup(server);
  }

  @AfterEach
  void stop() {
    listener.shutdown();
    properties.forEach(System::clearProperty);
    ProviderRegistry.reset();
  }

  private void set(String property, String value) {
    properties.add(property);
    System.setProperty(property, value);
  }

  @Test
  void connect_withCertificatesThatBothTrust_works() throws Exception {
    try (MembershipClient client = MembershipClient.connect(settings("client", 20_000))) {
      assertThat(client.session().children("/warmpath")).contains("replicas", "routers");
    }
  }

  @Test
  void connect_withCertificateThatTheServerDoesNotTrust_failsInOneSentence() {
    assertThatThrownBy(() -> MembershipClient.connect(settings("server", 2_000)))
        .isInstanceOf(MembershipException.class)
        .hasMessageContaining("did not answer within 2,000 ms")
        .hasMessageContaining("zookeeper.tls");
  }

  @Test
  void connect_withoutTls_failsInOneSentence() {
    ZooKeeperSettings plain = ZooKeeperSettings.of(address()).withTimeouts(4_000, 1_000);

    assertThatThrownBy(() -> MembershipClient.connect(plain))
        .isInstanceOf(MembershipException.class)
        .hasMessageContaining("did not answer within 1,000 ms");
  }

  private String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  private ZooKeeperSettings settings(String key, int connectionTimeoutMillis) {
    Path password = keys.resolve("password");
    Tls tls =
        new Tls(
            keys.resolve("of-client.p12"), password, keys.resolve(key + ".p12"), password, true);
    return new ZooKeeperSettings(address(), "/warmpath", 4_000, connectionTimeoutMillis, null, tls);
  }

  private static void makeKey(String name) throws IOException, InterruptedException {
    keytool(
        "-genkeypair",
        "-alias",
        name,
        "-keyalg",
        "EC",
        "-dname",
        "CN=" + name,
        "-ext",
        "san=dns:localhost,ip:127.0.0.1",
        "-keystore",
        name + ".p12");
    keytool("-exportcert", "-alias", name, "-keystore", name + ".p12", "-file", name + ".crt");
  }

  private static void trust(String name, String store) throws IOException, InterruptedException {
    keytool(
        "-importcert",
        "-noprompt",
        "-alias",
        name,
        "-file",
        name + ".crt",
        "-keystore",
        store + ".p12");
  }

  private static void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-storepass", PASSWORD));
    Process process =
        new ProcessBuilder(command)
            .directory(keys.toFile())
            .redirectErrorStream(true)
            .redirectOutput(keys.resolve("keytool.log").toFile())
            .start();
    assertThat(process.waitFor())
        .as("%s: %s", command, Files.readString(keys.resolve("keytool.log")))
        .isZero();
  }
}
