package io.warmpath.membership;

import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How to reach ZooKeeper.
 *
 * @param connectString {@code host:port}, several separated by commas
 * @param root path under which this cluster keeps its records
 * @param sessionTimeoutMillis silence after which ZooKeeper removes a process's records, 1,000 to
 *     60,000; the servers may grant less or more
 * @param connectionTimeoutMillis longest wait for the first connection, 100 to 60,000
 * @param digest {@code user:password} of the digest scheme, or null for none; with it the records
 *     are readable and writable by that user only
 * @param tls how to speak TLS, or null for plain TCP
 */
public record ZooKeeperSettings(
    String connectString,
    String root,
    int sessionTimeoutMillis,
    int connectionTimeoutMillis,
    @Nullable String digest,
    @Nullable Tls tls) {

  /** Session timeout unless configured otherwise. */
  public static final int DEFAULT_SESSION_TIMEOUT_MILLIS = 10_000;

  /** Connection timeout unless configured otherwise. */
  public static final int DEFAULT_CONNECTION_TIMEOUT_MILLIS = 5_000;

  private static final Pattern SERVER =
      Pattern.compile("(?:[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+]):(\\d{1,5})");

  public ZooKeeperSettings {
    checkConnectString(connectString);
    ClusterPaths _ = new ClusterPaths(root); // refuses a bad root
    checkRange("sessionTimeoutMillis", sessionTimeoutMillis, 1_000, 60_000);
    checkRange("connectionTimeoutMillis", connectionTimeoutMillis, 100, 60_000);
    if (digest != null && !digest.matches("[^:\\s]+:.+")) {
      throw new IllegalArgumentException("zookeeper.digest must be 'user:password'");
    }
  }

  /** Returns the defaults for the servers of {@code connectString}. */
  public static ZooKeeperSettings of(String connectString) {
    return new ZooKeeperSettings(
        connectString,
        ClusterPaths.DEFAULT_ROOT,
        DEFAULT_SESSION_TIMEOUT_MILLIS,
        DEFAULT_CONNECTION_TIMEOUT_MILLIS,
        null,
        null);
  }

  /** Returns a copy with other timeouts. */
  public ZooKeeperSettings withTimeouts(int sessionMillis, int connectionMillis) {
    return new ZooKeeperSettings(connectString, root, sessionMillis, connectionMillis, digest, tls);
  }

  /** Everything but the secret. */
  @Override
  public String toString() {
    return "ZooKeeperSettings[%s%s, session %d ms, connection %d ms, digest %s, tls %s]"
        .formatted(
            connectString,
            root,
            sessionTimeoutMillis,
            connectionTimeoutMillis,
            digest == null ? "none" : "set",
            tls);
  }

  private static void checkConnectString(String connectString) {
    for (String server : connectString.split(",", -1)) {
      var parts = SERVER.matcher(server);
      if (!parts.matches() || !isPort(Integer.parseInt(parts.group(1)))) {
        throw new IllegalArgumentException(
            "zookeeper.connect is '"
                + connectString
                + "'; allowed is host:port, several separated by commas (a path goes to"
                + " zookeeper.root)");
      }
    }
  }

  private static boolean isPort(int port) {
    return port >= 1 && port <= 65_535;
  }

  private static void checkRange(String field, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          "zookeeper.%s is %d; allowed are %d to %d".formatted(field, value, low, high));
    }
  }

  /**
   * TLS towards ZooKeeper. Stores are PEM, JKS or PKCS12 files, told apart by their ending.
   *
   * @param trustStore certificates that may have signed the server's
   * @param trustStorePassword file that holds its password, or null for none
   * @param keyStore this process's own key and certificate, or null when the servers ask for none
   * @param keyStorePassword file that holds its password, or null for none
   * @param verifyHostname whether the server's certificate must name the host connected to
   */
  public record Tls(
      Path trustStore,
      @Nullable Path trustStorePassword,
      @Nullable Path keyStore,
      @Nullable Path keyStorePassword,
      boolean verifyHostname) {}
}
