package io.warmpath.membership;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.zookeeper.server.embedded.ZooKeeperServerEmbedded;

/**
 * One ZooKeeper server of an ensemble, or a single one, by a configuration file of ZooKeeper's own
 * form; for clusters that have no ZooKeeper and bring it in the same image.
 */
public final class ZooKeeperMember implements AutoCloseable {

  private static final long START_LIMIT_MILLIS = 120_000;

  private final ZooKeeperServerEmbedded server;

  private ZooKeeperMember(ZooKeeperServerEmbedded server) {
    this.server = server;
  }

  /**
   * Starts a server; it may serve later, when enough of its ensemble run.
   *
   * @param config its {@code zoo.cfg}, which names the {@code dataDir}
   * @param id its number in the ensemble, 1..255; 0 for a single server
   * @throws IOException when the file or the data directory cannot be used
   */
  @SuppressWarnings("IllegalCatch") // the server's own start() throws Exception
  public static ZooKeeperMember start(Path config, int id) throws IOException {
    Properties properties = new Properties();
    try (var reader = Files.newBufferedReader(config)) {
      properties.load(reader);
    }
    String dataDir = properties.getProperty("dataDir");
    if (dataDir == null) {
      throw new IOException(config + " names no dataDir");
    }
    Path data = Files.createDirectories(Path.of(dataDir.strip()));
    if (id > 0) {
      Files.writeString(data.resolve("myid"), Integer.toString(id));
    }
    return new ZooKeeperMember(started(data, properties));
  }

  @SuppressWarnings("IllegalCatch") // The library declares Exception.
  private static ZooKeeperServerEmbedded started(Path data, Properties properties)
      throws IOException {
    try {
      ZooKeeperServerEmbedded server =
          ZooKeeperServerEmbedded.builder().baseDir(data).configuration(properties).build();
      server.start(START_LIMIT_MILLIS);
      return server;
    } catch (Exception e) {
      throw new IOException("ZooKeeper did not start: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
