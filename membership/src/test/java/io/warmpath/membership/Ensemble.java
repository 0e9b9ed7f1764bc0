package io.warmpath.membership;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.zookeeper.server.embedded.ExitHandler;
import org.apache.zookeeper.server.embedded.ZooKeeperServerEmbedded;

/** Three ZooKeeper servers in this process that elect a leader. */
final class Ensemble {

  private static final int SERVERS = 3;
  private static final int PORTS_EACH = 3;
  private static final long START_MILLIS = 30_000;

  private final Path dataDir;
  private final int[] ports;
  private final ZooKeeperServerEmbedded[] servers = new ZooKeeperServerEmbedded[SERVERS];

  private Ensemble(Path dataDir, int[] ports) {
    this.dataDir = dataDir;
    this.ports = ports;
  }

  /** Starts all servers and returns once they serve. */
  static Ensemble start(Path dataDir) throws Exception {
    Ensemble ensemble = new Ensemble(dataDir, freePorts());
    ensemble.startAll();
    return ensemble;
  }

  private void startAll() throws Exception {
    try (ExecutorService starters = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Void>> starts = new ArrayList<>();
      for (int i = 0; i < SERVERS; i++) {
        int server = i;
        starts.add(() -> {
          start(server);
          return null;
        });
      }
      for (Future<Void> started : starters.invokeAll(starts)) {
        started.get();
      }
    }
  }

  void start(int server) throws Exception {
    Properties config = new Properties();
    config.setProperty("tickTime", "500");
    config.setProperty("initLimit", "20");
    config.setProperty("syncLimit", "10");
    config.setProperty("clientPort", Integer.toString(port(server, 0)));
    config.setProperty("clientPortAddress", "127.0.0.1");
    config.setProperty("admin.enableServer", "false");
    config.setProperty("maxClientCnxns", "0");
    for (int i = 0; i < SERVERS; i++) {
      config.setProperty("server." + (i + 1), "127.0.0.1:%d:%d".formatted(port(i, 1), port(i, 2)));
    }
    Path baseDir = Files.createDirectories(dataDir.resolve("server-" + (server + 1)));
    Path data = Files.createDirectories(baseDir.resolve("data"));
    Files.writeString(data.resolve("myid"), Integer.toString(server + 1));
    config.setProperty("dataDir", data.toString());
    ZooKeeperServerEmbedded started =
        ZooKeeperServerEmbedded.builder()
            .baseDir(baseDir)
            .configuration(config)
            .exitHandler(ExitHandler.LOG_ONLY)
            .build();
    started.start(START_MILLIS);
    servers[server] = started;
  }

  void stop(int server) {
    servers[server].close();
  }

  String connectString() {
    return IntStream.range(0, SERVERS)
        .mapToObj(server -> "127.0.0.1:" + port(server, 0))
        .collect(Collectors.joining(","));
  }

  void close() {
    for (ZooKeeperServerEmbedded server : servers) {
      if (server != null) {
        server.close();
      }
    }
  }

  private int port(int server, int purpose) {
    return ports[server * PORTS_EACH + purpose];
  }

  /* Held open together so that all differ; a stranger may still take one before its server does. */
  private static int[] freePorts() throws IOException {
    int[] ports = new int[SERVERS * PORTS_EACH];
    List<ServerSocket> sockets = new ArrayList<>();
    @Var int taken = 0;
    try {
      while (taken < ports.length) {
        ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        sockets.add(socket);
        ports[taken++] = socket.getLocalPort();
      }
    } finally {
      for (ServerSocket socket : sockets) {
        socket.close();
      }
    }
    return ports;
  }
}
