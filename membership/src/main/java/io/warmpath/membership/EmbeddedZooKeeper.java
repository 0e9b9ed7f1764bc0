package io.warmpath.membership;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.apache.zookeeper.util.ServiceUtils;
import org.jspecify.annotations.Nullable;

/**
 * A single ZooKeeper server within this process, on the loopback address, for {@code warmpath
 * standalone} and tests; not for a cluster.
 */
public final class EmbeddedZooKeeper implements AutoCloseable {

  /** Length of a tick; sessions last 2 ticks to {@link #MAX_SESSION_MILLIS}. */
  private static final int TICK_MILLIS = 500;

  private static final int MAX_SESSION_MILLIS = 60_000;

  private static final int MAX_CONNECTIONS = 2_000;

  private final Path dataDir;
  private int port;
  private @Nullable ServerCnxnFactory listener;
  private @Nullable ZooKeeperServer server;

  private EmbeddedZooKeeper(Path dataDir, int port) {
    this.dataDir = dataDir;
    this.port = port;
  }

  /**
   * Starts a server.
   *
   * @param dataDir where it keeps its log and snapshots; created when missing
   * @param port port to listen on, 0 for any free one
   * @throws IOException when the port is taken or the directory cannot be written
   */
  public static EmbeddedZooKeeper start(Path dataDir, int port) throws IOException {
    // The library ends the process on a fatal server error unless told otherwise.
    ServiceUtils.setSystemExitProcedure(ServiceUtils.LOG_ONLY);
    EmbeddedZooKeeper zooKeeper = new EmbeddedZooKeeper(dataDir, port);
    zooKeeper.startServer();
    return zooKeeper;
  }

  private synchronized void startServer() throws IOException {
    Path directory = Files.createDirectories(dataDir);
    ZooKeeperServer started =
        new ZooKeeperServer(directory.toFile(), directory.toFile(), TICK_MILLIS);
    started.setMinSessionTimeout(2 * TICK_MILLIS);
    started.setMaxSessionTimeout(MAX_SESSION_MILLIS);
    ServerCnxnFactory factory = listen();
    try {
      factory.startup(started);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while starting ZooKeeper", e);
    }
    port = factory.getLocalPort();
    listener = factory;
    server = started;
  }

  private ServerCnxnFactory listen() throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    // Named outright: a system property of the library would choose another kind otherwise.
    ServerCnxnFactory factory = new NIOServerCnxnFactory();
    try {
      factory.configure(address, MAX_CONNECTIONS);
      return factory;
    } catch (BindException e) {
      throw new IOException(
          "cannot listen on %s for the embedded ZooKeeper: %s"
              .formatted(connectString(), e.getMessage()),
          e);
    }
  }

  /** {@code host:port} for clients. */
  public synchronized String connectString() {
    return InetAddress.getLoopbackAddress().getHostAddress() + ":" + port;
  }

  /** Stops the server; its data and port number stay for {@link #restart()}. */
  public synchronized void stop() {
    if (listener != null && server != null) {
      listener.shutdown();
      server.shutdown(true);
      listener = null;
      server = null;
    }
  }

  /** Starts the server again on the same port and data, stopping it first if it runs. */
  public synchronized void restart() {
    stop();
    try {
      startServer();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    stop();
  }
}
