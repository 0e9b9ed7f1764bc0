package io.warmpath.membership;

import java.nio.file.Path;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.common.ClientX509Util;
import org.apache.zookeeper.common.X509Util;
import org.jspecify.annotations.Nullable;

/** The ZooKeeper library's settings for one client, instead of its process-wide properties. */
final class ClientConfigs {

  /*
   * Servers take znodes of up to 1 MiB from anyone who may write there, and answer with a little
   * more. A client with the same limit would drop its connection over such an answer, for ever.
   */
  private static final int MAX_ANSWER_BYTES = 4 << 20;

  private ClientConfigs() {}

  static ZKClientConfig of(ZooKeeperSettings settings) {
    ZKClientConfig config = new ZKClientConfig();
    config.setProperty(ZKClientConfig.JUTE_MAXBUFFER, Integer.toString(MAX_ANSWER_BYTES));
    ZooKeeperSettings.Tls tls = settings.tls();
    if (tls != null) {
      setTls(tls, config);
    }
    return config;
  }

  private static void setTls(ZooKeeperSettings.Tls tls, ZKClientConfig config) {
    config.setProperty(ZKClientConfig.SECURE_CLIENT, "true");
    config.setProperty(
        ZKClientConfig.ZOOKEEPER_CLIENT_CNXN_SOCKET, "org.apache.zookeeper.ClientCnxnSocketNetty");
    try (X509Util names = new ClientX509Util()) {
      set(config, names.getSslTruststoreLocationProperty(), tls.trustStore());
      set(config, names.getSslTruststorePasswdPathProperty(), tls.trustStorePassword());
      set(config, names.getSslKeystoreLocationProperty(), tls.keyStore());
      set(config, names.getSslKeystorePasswdPathProperty(), tls.keyStorePassword());
      config.setProperty(
          names.getSslHostnameVerificationEnabledProperty(),
          Boolean.toString(tls.verifyHostname()));
    }
  }

  private static void set(ZKClientConfig config, String property, @Nullable Path value) {
    if (value != null) {
      config.setProperty(property, value.toString());
    }
  }
}
