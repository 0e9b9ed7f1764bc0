package io.warmpath.cli.settings;

import io.warmpath.config.Secret;
import io.warmpath.config.Setting;
import io.warmpath.membership.ZooKeeperSettings;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a role reaches ZooKeeper. */
record ZooKeeperSection(
    @Setting(
            doc = "The servers, `host:port` each, separated by commas.",
            defaultValue = "127.0.0.1:2181")
        String connect,
    @Setting(
            doc = "The path under which the cluster keeps its records.",
            defaultValue = "/warmpath")
        String root,
    @Setting(
            doc = "Silence after which ZooKeeper removes a process's records.",
            defaultValue = "10s",
            min = "1s",
            max = "1m")
        Duration sessionTimeout,
    @Setting(
            doc = "Longest wait for the first connection.",
            defaultValue = "5s",
            min = "100ms",
            max = "1m")
        Duration connectionTimeout,
    @Setting(
            doc = "`user:password` of the digest scheme; only that user can then read the records.")
        @Nullable Secret digest,
    @Setting(doc = "Speaks TLS to ZooKeeper.") @Nullable Tls tls) {

  ZooKeeperSection {
    make(connect, root, sessionTimeout, connectionTimeout, digest, tls);
  }

  ZooKeeperSettings settings() {
    return make(connect, root, sessionTimeout, connectionTimeout, digest, tls);
  }

  private static ZooKeeperSettings make(
      String connect,
      String root,
      Duration sessionTimeout,
      Duration connectionTimeout,
      @Nullable Secret digest,
      @Nullable Tls tls) {
    return new ZooKeeperSettings(
        connect,
        root,
        (int) sessionTimeout.toMillis(),
        (int) connectionTimeout.toMillis(),
        digest == null ? null : digest.value(),
        tls == null ? null : tls.settings());
  }

  /** TLS to ZooKeeper; stores are PEM, JKS or PKCS12 files, told apart by their ending. */
  record Tls(
      @Setting(doc = "Certificates that may have signed the servers'.") Path trustStore,
      @Setting(doc = "File with the trust store's password.") @Nullable Path trustStorePassword,
      @Setting(doc = "Own key and certificate, when the servers ask for one.")
          @Nullable Path keyStore,
      @Setting(doc = "File with the key store's password.") @Nullable Path keyStorePassword,
      @Setting(
              doc = "Whether a server's certificate must name the host connected to.",
              defaultValue = "true")
          boolean verifyHostname) {

    ZooKeeperSettings.Tls settings() {
      return new ZooKeeperSettings.Tls(
          trustStore, trustStorePassword, keyStore, keyStorePassword, verifyHostname);
    }
  }
}
