package io.warmpath.membership;

import io.warmpath.routing.Ticker;
import io.warmpath.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;

/** A server and what a test opened on it; closes everything in reverse order. */
final class Cluster {

  static final int SESSION_MILLIS = 4_000;

  final EmbeddedZooKeeper server;
  private final Path dataDir;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  Cluster(Path dataDir) throws IOException {
    this.dataDir = dataDir;
    server = EmbeddedZooKeeper.start(dataDir, 0);
  }

  ZooKeeperSettings settings() {
    return ZooKeeperSettings.of(server.connectString()).withTimeouts(SESSION_MILLIS, 10_000);
  }

  MembershipClient client() {
    return client(settings());
  }

  MembershipClient client(ZooKeeperSettings settings) {
    return closing(MembershipClient.connect(settings));
  }

  Directory directory(MembershipClient client, Views views) {
    return closing(Directory.open(client, Ticker.system(), "router-0", views));
  }

  <T extends AutoCloseable> T closing(T resource) {
    opened.push(resource);
    return resource;
  }

  /** Deletes all that the stopped server had stored. */
  void deleteData() throws IOException {
    try (Stream<Path> paths = Files.walk(dataDir)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** Ends the session of {@code client} behind its back, as an expiry does. */
  void killSession(MembershipClient client) throws Exception {
    ZooKeeper victim = client.zooKeeper();
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper twin =
        new ZooKeeper(
            server.connectString(),
            SESSION_MILLIS,
            event -> {
              if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                connected.countDown();
              }
            },
            victim.getSessionId(),
            victim.getSessionPasswd());
    if (!connected.await(10, TimeUnit.SECONDS)) {
      throw new AssertionError("the twin of the session did not connect");
    }
    twin.close();
  }

  /** A znode's data and owner as they are now. */
  static ZnodeSession.Node node(MembershipClient client, String path)
      throws KeeperException, InterruptedException {
    ZnodeSession.Node node = client.session().read(path);
    if (node == null) {
      throw new AssertionError("no znode at " + path);
    }
    return node;
  }

  static void awaitConnected(MembershipClient client) {
    Await.until(
        "connection", Views.LIMIT, () -> client.state() == MembershipClient.State.CONNECTED);
  }

  void close() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
    server.close();
  }
}
