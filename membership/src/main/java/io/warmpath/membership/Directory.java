package io.warmpath.membership;

import com.google.errorprone.annotations.Var;
import io.warmpath.membership.Decoded.Refusal;
import io.warmpath.membership.Decoded.Refused;
import io.warmpath.membership.ZnodeSession.Node;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the replicas and routers of a cluster and hands whole views of them to one listener.
 *
 * <p>The listener runs on the directory's own thread, so never twice at once. While ZooKeeper is
 * out of reach the last view stands, and {@link #connected()} says so.
 */
public final class Directory implements AutoCloseable {

  /*
   * A watch event is only a hint that a path changed: several changes may give one event, and one
   * may be lost with a connection. So an event marks its path, the thread reads the marked paths,
   * and each connection starts with setting the watches and reading everything. Marks gather while
   * the thread reads and for the spacing after a view; that is what turns a burst into few views.
   */

  private static final Logger log = LoggerFactory.getLogger(Directory.class);

  private static final int MAX_MARKS = 8_192;
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long COMPLAINT_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long CLOSE_LIMIT_MILLIS = 2_000;

  /**
   * Limits of a directory.
   *
   * @param maxReplicas most replicas followed; more are left out and counted
   * @param maxRouters most routers followed, likewise
   * @param viewSpacingNanos least time from one reading to the next
   * @param graceNanos how long a replica that vanished without a word stays in the view, 0 or more
   */
  public record Settings(int maxReplicas, int maxRouters, long viewSpacingNanos, long graceNanos) {

    /** 4,096 replicas, 256 routers, 20 ms and 3 s. */
    public static final Settings DEFAULT =
        new Settings(4_096, 256, TimeUnit.MILLISECONDS.toNanos(20), TimeUnit.SECONDS.toNanos(3));

    public Settings {
      if (maxReplicas < 1 || maxRouters < 1 || viewSpacingNanos < 0 || graceNanos < 0) {
        throw new IllegalArgumentException("negative or zero limit");
      }
    }
  }

  private final MembershipClient client;
  private final Ticker ticker;
  private final String routerId;
  private final Consumer<FleetView> listener;
  private final Settings settings;
  private final Watcher watcher = this::onEvent;
  private final Consumer<MembershipClient.State> stateListener = this::onState;
  private final Thread thread;

  private final LongAdder views = new LongAdder();
  private final LongAdder reads = new LongAdder();
  private final LongAdder readBytes = new LongAdder();
  private final LongAdder fullReads = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final LongAdder listenerFailures = new LongAdder();
  private final LongAdder outdated = new LongAdder();
  private final LongAdder overflowed = new LongAdder();
  private final Map<Refusal, LongAdder> refused = new EnumMap<>(Refusal.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by lock.
  private Set<String> marks = new HashSet<>();
  private boolean fullReadNeeded = true;
  private boolean closing;
  private long notBeforeNanos;

  // Only touched by the directory's thread.
  private final Roster<ReplicaReport> replicas;
  private final Roster<RouterInfo> routers;
  private long nextComplaintNanos;

  /** Counts changes of the connection; the view is live if it was read since the last one. */
  private final AtomicInteger connection = new AtomicInteger();

  private volatile int connectionOfView = -1;
  private volatile FleetView view = FleetView.EMPTY;

  private Directory(
      MembershipClient client,
      Ticker ticker,
      String routerId,
      Consumer<FleetView> listener,
      Settings settings) {
    this.client = client;
    this.ticker = ticker;
    this.routerId = routerId;
    this.listener = listener;
    this.settings = settings;
    for (Refusal refusal : Refusal.values()) {
      refused.put(refusal, new LongAdder());
    }
    Roster.Counters counters = new RosterCounters();
    this.replicas =
        new Roster<>(RecordKind.REPLICA, settings.maxReplicas(), settings.graceNanos(), counters);
    this.routers =
        new Roster<>(RecordKind.ROUTER, settings.maxRouters(), settings.graceNanos(), counters);
    this.notBeforeNanos = ticker.nanos();
    this.nextComplaintNanos = ticker.nanos();
    this.thread = Thread.ofPlatform().daemon().name("warmpath-directory").unstarted(this::run);
  }

  /** Opens a directory with the default limits. */
  public static Directory open(
      MembershipClient client, Ticker ticker, String routerId, Consumer<FleetView> listener) {
    return open(client, ticker, routerId, listener, Settings.DEFAULT);
  }

  /**
   * Starts to follow the cluster; the first view comes as soon as all is read, be it empty.
   *
   * @param client the connection; stays open when the directory closes
   * @param ticker stamps the views
   * @param routerId this router's own id, counted among the routers whether announced or not
   * @param listener gets each view; should return soon, since it holds up the next one
   * @param settings limits
   */
  public static Directory open(
      MembershipClient client,
      Ticker ticker,
      String routerId,
      Consumer<FleetView> listener,
      Settings settings) {
    Directory directory = new Directory(client, ticker, routerId, listener, settings);
    client.addListener(directory.stateListener);
    directory.thread.start();
    return directory;
  }

  // ---- what wakes the thread

  private void onState(MembershipClient.State state) {
    lock.lock();
    try {
      connection.incrementAndGet();
      fullReadNeeded = true;
      notBeforeNanos = ticker.nanos();
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private void onEvent(WatchedEvent event) {
    if (event.getType() == Watcher.Event.EventType.None || event.getPath() == null) {
      return; // The connection changed; the client says so as well.
    }
    lock.lock();
    try {
      if (closing) {
        return; // The watch lasts as long as the session.
      }
      boolean idle = marks.isEmpty() && !fullReadNeeded;
      if (isFolder(event.getPath()) || marks.size() >= MAX_MARKS) {
        fullReadNeeded = true;
      } else {
        marks.add(event.getPath());
      }
      if (idle) {
        changed.signal(); // Otherwise the thread is awake, or sleeps out the spacing.
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean isFolder(String path) {
    return path.equals(client.paths().replicas()) || path.equals(client.paths().routers());
  }

  // ---- the thread

  private void run() {
    try {
      for (Work work = take(); work != null; work = take()) {
        pass(work);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What one pass has to read: everything, or some paths. */
  private record Work(boolean full, Set<String> paths, int connection) {}

  /** Waits for something to read; null once closed. */
  private @Nullable Work take() throws InterruptedException {
    lock.lock();
    try {
      while (true) {
        if (closing) {
          return null;
        }
        long now = ticker.nanos();
        long waitNanos = Math.max(notBeforeNanos - now, nanosToWork(now));
        if (client.state() != MembershipClient.State.CONNECTED) {
          changed.await();
        } else if (waitNanos > 0) {
          changed.awaitNanos(waitNanos);
        } else {
          Work work = new Work(fullReadNeeded, marks, connection.get());
          fullReadNeeded = false;
          marks = new HashSet<>();
          notBeforeNanos = now + settings.viewSpacingNanos();
          return work;
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private long nanosToWork(long now) {
    return fullReadNeeded || !marks.isEmpty()
        ? 0
        : Math.min(replicas.nanosToOverdue(now), routers.nanosToOverdue(now));
  }

  private void pass(Work work) throws InterruptedException {
    try {
      ZnodeSession session = client.session();
      boolean viewChanged = work.full ? readAll(session) : readMarked(session, work.paths);
      if (work.full) {
        connectionOfView = work.connection;
      }
      if (viewChanged || views.sum() == 0) {
        publish();
      }
    } catch (KeeperException e) {
      failures.increment();
      log.debug("could not read the fleet: {}", e.code());
      readAllAgain();
    }
  }

  private void readAllAgain() {
    lock.lock();
    try {
      fullReadNeeded = true;
      notBeforeNanos = ticker.nanos() + RETRY_NANOS;
    } finally {
      lock.unlock();
    }
  }

  private boolean readAll(ZnodeSession session) throws KeeperException, InterruptedException {
    fullReads.increment();
    client.createFolders(session);
    replicas.restartGrace();
    routers.restartGrace();
    boolean replicasChanged = readFolder(session, RecordKind.REPLICA, replicas);
    boolean routersChanged = readFolder(session, RecordKind.ROUTER, routers);
    return replicasChanged || routersChanged;
  }

  private <T> boolean readFolder(ZnodeSession session, RecordKind<T> kind, Roster<T> roster)
      throws KeeperException, InterruptedException {
    String folder = kind.folder().apply(client.paths());
    session.watch(folder, watcher);
    return read(session, kind, roster, roster.idsToRead(session.children(folder)));
  }

  private boolean readMarked(ZnodeSession session, Set<String> paths)
      throws KeeperException, InterruptedException {
    boolean replicasChanged = readMarked(session, RecordKind.REPLICA, replicas, paths);
    boolean routersChanged = readMarked(session, RecordKind.ROUTER, routers, paths);
    return replicasChanged || routersChanged;
  }

  private <T> boolean readMarked(
      ZnodeSession session, RecordKind<T> kind, Roster<T> roster, Set<String> paths)
      throws KeeperException, InterruptedException {
    String folder = kind.folder().apply(client.paths()) + "/";
    Set<String> ids = new TreeSet<>(roster.overdue(ticker.nanos()));
    for (String path : paths) {
      if (path.startsWith(folder) && path.indexOf('/', folder.length()) < 0) {
        ids.add(path.substring(folder.length()));
      }
    }
    return read(session, kind, roster, ids);
  }

  private <T> boolean read(
      ZnodeSession session, RecordKind<T> kind, Roster<T> roster, Collection<String> wanted)
      throws KeeperException, InterruptedException {
    List<String> ids = List.copyOf(wanted);
    String folder = kind.folder().apply(client.paths()) + "/";
    List<@Nullable Node> nodes =
        session.readAll(
            ids.stream().map(folder::concat).toList(), 2L * client.sessionTimeoutMillis());
    long now = ticker.nanos();
    @Var boolean viewChanged = false;
    for (int i = 0; i < ids.size(); i++) {
      Node node = nodes.get(i);
      reads.increment();
      readBytes.add(node == null ? 0 : node.data().length);
      viewChanged |= roster.observe(ids.get(i), node, now);
    }
    return viewChanged;
  }

  @SuppressWarnings("IllegalCatch") // a listener's fault must not end the thread
  private void publish() {
    List<FleetView.Observed> observed = new ArrayList<>(replicas.entries().size());
    for (Roster.Entry<ReplicaReport> entry : replicas.entries()) {
      observed.add(new FleetView.Observed(entry.record(), entry.receivedNanos()));
    }
    TreeSet<String> routerIds = new TreeSet<>(routers.ids());
    routerIds.add(routerId);
    FleetView next = new FleetView(observed, routerIds.size(), routerIds.headSet(routerId).size());
    view = next;
    views.increment();
    try {
      listener.accept(next);
    } catch (RuntimeException e) {
      listenerFailures.increment();
      log.error("the listener of the fleet's views failed", e);
    }
  }

  /** Counts and now and then logs what the rosters refuse. */
  private final class RosterCounters implements Roster.Counters {

    @Override
    public void refused(String id, Refused<?> why) {
      refused.getOrDefault(why.reason(), failures).increment();
      complain("ignoring the record of '" + printable(id) + "': " + why.message());
    }

    @Override
    public void outdated() {
      outdated.increment();
    }

    @Override
    public void overflowed(String id) {
      overflowed.increment();
      complain("no room for '" + printable(id) + "': too many replicas or routers");
    }

    private void complain(String sentence) {
      long now = ticker.nanos();
      if (now - nextComplaintNanos >= 0) {
        nextComplaintNanos = now + COMPLAINT_NANOS;
        log.warn("{}", sentence);
      }
    }

    private static String printable(String id) {
      return id.length() > 128 ? id.substring(0, 128) + "…" : id;
    }
  }

  // ---- what callers see

  /** The last view handed out; {@link FleetView#EMPTY} before the first. */
  public FleetView view() {
    return view;
  }

  /** Whether the view follows ZooKeeper; false while it is frozen. */
  public boolean connected() {
    return client.state() == MembershipClient.State.CONNECTED
        && connectionOfView == connection.get();
  }

  /** Views handed to the listener. */
  public long views() {
    return views.sum();
  }

  /** Znodes read. */
  public long reads() {
    return reads.sum();
  }

  /** Bytes of znodes read. */
  public long readBytes() {
    return readBytes.sum();
  }

  /** Times that everything was read: at start, after each reconnect and after a failure. */
  public long fullReads() {
    return fullReads.sum();
  }

  /** Readings that failed and were done again. */
  public long failures() {
    return failures.sum();
  }

  /** Views whose listener threw. */
  public long listenerFailures() {
    return listenerFailures.sum();
  }

  /** Readings of a znode whose record was refused for {@code reason}. */
  public long refused(Refusal reason) {
    return refused.getOrDefault(reason, failures).sum();
  }

  /** Records ignored because a newer one of the same id was known. */
  public long outdated() {
    return outdated.sum();
  }

  /** Readings of records beyond the most replicas or routers. */
  public long overflowed() {
    return overflowed.sum();
  }

  /** Stops following; the listener is not called once this has returned within 2 s. */
  @Override
  public void close() {
    client.removeListener(stateListener);
    lock.lock();
    try {
      closing = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
    try {
      thread.join(CLOSE_LIMIT_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
