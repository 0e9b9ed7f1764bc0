package io.warmpath.membership;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One process's connection to ZooKeeper, shared by its announcers and its directory. Thread-safe.
 *
 * <p>After the first connection it never gives up: it reconnects, and starts a new session when the
 * old one is lost. What is announced outlives neither.
 */
public final class MembershipClient implements AutoCloseable {

  /** Whether the process can talk to ZooKeeper. */
  public enum State {
    /** It can. */
    CONNECTED,
    /** It cannot; what it knows may be old, and what it announced may vanish. */
    DISCONNECTED,
  }

  private static final Logger log = LoggerFactory.getLogger(MembershipClient.class);

  private final ZooKeeperSettings settings;
  private final ClusterPaths paths;
  private final List<ACL> acl;
  private final CuratorFramework curator;
  private final List<Consumer<State>> listeners = new CopyOnWriteArrayList<>();
  private final LongAdder disconnects = new LongAdder();
  private final LongAdder sessionsLost = new LongAdder();

  private volatile State state = State.DISCONNECTED;

  @GuardedBy("this")
  private boolean closed;

  private MembershipClient(ZooKeeperSettings settings) {
    this.settings = settings;
    this.paths = new ClusterPaths(settings.root());
    this.acl =
        settings.digest() == null ? ZooDefs.Ids.OPEN_ACL_UNSAFE : ZooDefs.Ids.CREATOR_ALL_ACL;
    this.curator = curator(settings);
    curator.getConnectionStateListenable().addListener((client, next) -> onChange(next));
  }

  /**
   * Connects and makes sure that the cluster's folders exist.
   *
   * @throws MembershipException when ZooKeeper does not answer within the connection timeout, or
   *     does not let this process work there
   */
  public static MembershipClient connect(ZooKeeperSettings settings) {
    MembershipClient client = new MembershipClient(settings);
    try {
      client.start();
      return client;
    } catch (MembershipException e) {
      client.close();
      throw e;
    }
  }

  private void start() {
    curator.start();
    try {
      if (!curator.blockUntilConnected(settings.connectionTimeoutMillis(), TimeUnit.MILLISECONDS)) {
        throw new MembershipException(
            "ZooKeeper at '%s' did not answer within %,d ms; check %s, and that the servers run"
                .formatted(
                    settings.connectString(),
                    settings.connectionTimeoutMillis(),
                    settings.tls() == null
                        ? "zookeeper.connect"
                        : "zookeeper.connect and zookeeper.tls"),
            null);
      }
      createFolders(session());
    } catch (KeeperException e) {
      throw new MembershipException(
          "ZooKeeper at '%s' does not let this process use %s (%s); check zookeeper.root and"
                  .formatted(settings.connectString(), settings.root(), e.code())
              + " zookeeper.digest",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MembershipException("interrupted while connecting to ZooKeeper", e);
    }
  }

  private static CuratorFramework curator(ZooKeeperSettings settings) {
    CuratorFrameworkFactory.Builder builder =
        CuratorFrameworkFactory.builder()
            .connectString(settings.connectString())
            .sessionTimeoutMs(settings.sessionTimeoutMillis())
            .connectionTimeoutMs(settings.connectionTimeoutMillis())
            .retryPolicy(new RetryOneTime(100))
            // The servers' own view of their addresses may be wrong outside their network.
            .ensembleTracker(false)
            .zkClientConfig(ClientConfigs.of(settings));
    String digest = settings.digest();
    if (digest != null) {
      builder.authorization("digest", digest.getBytes(StandardCharsets.UTF_8));
    }
    return builder.build();
  }

  /* Called on Curator's own thread only, one change at a time. */
  private void onChange(ConnectionState next) {
    switch (next) {
      case CONNECTED, RECONNECTED, READ_ONLY -> {
        log.info("connected to ZooKeeper at {}", settings.connectString());
        enter(State.CONNECTED);
      }
      case SUSPENDED -> {
        disconnects.increment();
        log.warn("lost the connection to ZooKeeper at {}", settings.connectString());
        enter(State.DISCONNECTED);
      }
      case LOST -> {
        sessionsLost.increment();
        log.warn(
            "lost the ZooKeeper session; what this process announced is gone until it is back");
        enter(State.DISCONNECTED);
      }
    }
  }

  private synchronized void enter(State next) {
    if (closed) {
      return;
    }
    state = next;
    listeners.forEach(listener -> listener.accept(next));
  }

  /** The state now. */
  public State state() {
    return state;
  }

  /** Tells {@code listener} each later change, on a thread that must not be held up. */
  public void addListener(Consumer<State> listener) {
    listeners.add(listener);
  }

  /** Stops telling {@code listener}. */
  public void removeListener(Consumer<State> listener) {
    listeners.remove(listener);
  }

  /** How often the connection was cut. */
  public long disconnects() {
    return disconnects.sum();
  }

  /** How often the session, and with it what was announced, was lost. */
  public long sessionsLost() {
    return sessionsLost.sum();
  }

  ClusterPaths paths() {
    return paths;
  }

  int sessionTimeoutMillis() {
    return settings.sessionTimeoutMillis();
  }

  /** Returns the session of this moment. */
  ZnodeSession session() throws KeeperException {
    return new ZnodeSession(zooKeeper(), acl);
  }

  /** Returns the library's handle on the session of this moment. */
  @SuppressWarnings("IllegalCatch") // Curator declares Exception
  ZooKeeper zooKeeper() throws KeeperException {
    try {
      return curator.getZookeeperClient().getZooKeeper();
    } catch (KeeperException e) {
      throw e;
    } catch (Exception e) {
      KeeperException lost = new KeeperException.ConnectionLossException();
      lost.initCause(e);
      throw lost;
    }
  }

  /** Creates the folders of the cluster where they are missing. */
  void createFolders(ZnodeSession session) throws KeeperException, InterruptedException {
    session.createParents(paths.replicas());
    session.createParents(paths.routers());
  }

  /** Ends the session; what this process announced vanishes at once. */
  @Override
  public void close() {
    shut();
    curator.close();
  }

  private synchronized void shut() {
    enter(State.DISCONNECTED);
    closed = true;
  }
}
