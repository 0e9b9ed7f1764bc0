package io.warmpath.membership;

import io.warmpath.membership.Decoded.Refusal;
import io.warmpath.membership.Decoded.Refused;
import io.warmpath.membership.Decoded.Valid;
import io.warmpath.membership.ZnodeSession.Node;
import io.warmpath.routing.ReplicaReport;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.zookeeper.KeeperException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one record in ZooKeeper: the ephemeral znode of a replica or router. Thread-safe.
 *
 * <p>{@link #announce} never blocks on ZooKeeper: one write is under way at a time, and when it
 * ends only the newest record waits for the next. The znode comes back by itself after a lost
 * session.
 */
public final class Announcer<T> implements AutoCloseable {

  /*
   * Fencing. Two processes can claim one id: an agent that was restarted while its predecessor's
   * session lingers, or a predecessor that was cut off and comes back. The higher epoch wins: it
   * replaces the other's znode in one transaction, so that readers see no gap, and the lower one
   * stays away while the znode belongs to the higher.
   *
   * Writes name the version they expect. But versions start again in a new znode, so a writer that
   * slept through being replaced may hit the right number after all. The answer of such a write
   * tells it that the znode is not its own; readers ignore a lower epoch within one znode; and the
   * rightful owner finds its version gone and writes again. Replacing skips the low versions, where
   * the numbers would meet at once.
   */

  private static final Logger log = LoggerFactory.getLogger(Announcer.class);

  /** Wait after a write that failed or was fenced, while connected. */
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Time between two counts of the fleet. */
  private static final long COUNT_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** Tries to get at a znode that changes hands meanwhile. */
  private static final int CLAIM_ATTEMPTS = 4;

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

  private final MembershipClient client;
  private final RecordKind<T> kind;
  private final long rewriteNanos;
  private final Consumer<MembershipClient.State> stateListener = this::onState;
  private final LongAdder written = new LongAdder();
  private final LongAdder coalesced = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final LongAdder fenced = new LongAdder();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by lock.
  private @Nullable Outgoing newest;
  private boolean unsent;
  private boolean renew;
  private boolean closing;
  private @Nullable Thread writer;
  private long notBeforeNanos;
  private long rewriteAtNanos;

  private volatile boolean fencedNow;
  private volatile int fleetSize = 1;

  // Written by the writer thread only.
  private @Nullable Owned owned;
  private long countAtNanos = System.nanoTime();

  private Announcer(MembershipClient client, RecordKind<T> kind) {
    this.client = client;
    this.kind = kind;
    this.rewriteNanos = TimeUnit.MILLISECONDS.toNanos(client.sessionTimeoutMillis());
  }

  /** Returns an announcer that starts with the first report; all reports must have one id. */
  public static Announcer<ReplicaReport> forReplica(MembershipClient client) {
    return new Announcer<>(client, RecordKind.REPLICA);
  }

  /** Returns an announcer that announces {@code router} now. */
  public static Announcer<RouterInfo> forRouter(MembershipClient client, RouterInfo router) {
    Announcer<RouterInfo> announcer = new Announcer<>(client, RecordKind.ROUTER);
    announcer.announce(router);
    return announcer;
  }

  /** A record on its way. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Outgoing(String path, byte[] data, long epoch) {}

  /** The session in which the znode was last known to be this process's, and its version. */
  private record Owned(long session, int version) {}

  private enum Result {
    WRITTEN,
    FENCED,
    CONTENDED,
  }

  /**
   * Hands over the newest record and returns at once; it supersedes one that still waits.
   *
   * @throws IllegalArgumentException when readers would refuse it, or its id is another than before
   */
  public void announce(T record) {
    Outgoing next =
        new Outgoing(
            kind.path(client.paths(), kind.id().apply(record)),
            kind.encoder().apply(record),
            kind.epoch().applyAsLong(record));
    lock.lock();
    try {
      if (closing) {
        return;
      }
      if (newest != null && !newest.path.equals(next.path)) {
        throw new IllegalArgumentException("announced " + newest.path + ", now " + next.path);
      }
      if (unsent) {
        coalesced.increment();
      }
      newest = next;
      unsent = true;
      if (writer == null) {
        client.addListener(stateListener);
        writer = Thread.ofVirtual().name("warmpath-announcer " + next.path).start(this::run);
      }
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private void onState(MembershipClient.State state) {
    lock.lock();
    try {
      // A new connection may mean a new session, and so no znode.
      renew |= state == MembershipClient.State.CONNECTED;
      notBeforeNanos = System.nanoTime();
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try {
      for (Outgoing next = take(); next != null; next = take()) {
        settle(tryWrite(next));
      }
      leave();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for the next record to write; null once closed. */
  private @Nullable Outgoing take() throws InterruptedException {
    lock.lock();
    try {
      while (true) {
        if (closing) {
          return null;
        }
        long now = System.nanoTime();
        long dueNanos = unsent || renew ? notBeforeNanos : rewriteAtNanos;
        if (client.state() != MembershipClient.State.CONNECTED) {
          changed.await();
        } else if (dueNanos - now > 0) {
          changed.awaitNanos(dueNanos - now);
        } else {
          unsent = false;
          renew = false;
          return newest;
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void settle(@Nullable Result result) {
    lock.lock();
    try {
      long now = System.nanoTime();
      if (result == Result.WRITTEN) {
        written.increment();
        rewriteAtNanos = now + rewriteNanos;
        return;
      }
      (result == Result.FENCED ? fenced : failed).increment();
      notBeforeNanos = now + RETRY_NANOS;
      if (unsent) {
        coalesced.increment();
      }
      unsent = true;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Result tryWrite(Outgoing next) throws InterruptedException {
    try {
      ZnodeSession session = client.session();
      Result result = write(session, next);
      setFenced(result == Result.FENCED, next);
      if (result == Result.WRITTEN) {
        countFleet(session);
      }
      return result;
    } catch (KeeperException e) {
      // Whether the write was done is not known; the next one looks first.
      owned = null;
      log.debug("could not write {}: {}", next.path, e.code());
      return null;
    }
  }

  private Result write(ZnodeSession session, Outgoing next)
      throws KeeperException, InterruptedException {
    Owned known = owned;
    owned = null;
    if (known == null || known.session != session.id()) {
      return claim(session, next);
    }
    try {
      Node node = session.write(next.path, next.data, known.version);
      if (node.owner() != session.id()) {
        return Result.FENCED;
      }
      owned = new Owned(session.id(), node.version());
      return Result.WRITTEN;
    } catch (KeeperException.NoNodeException | KeeperException.BadVersionException e) {
      return claim(session, next);
    }
  }

  private Result claim(ZnodeSession session, Outgoing next)
      throws KeeperException, InterruptedException {
    for (int attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
      Node holder = session.read(next.path);
      try {
        if (holder == null) {
          session.createEphemeral(next.path, next.data);
          owned = new Owned(session.id(), 0);
        } else if (holder.owner() == session.id()) {
          Node node = session.write(next.path, next.data, holder.version());
          owned = new Owned(session.id(), node.version());
        } else if (isNewer(holder, next.epoch)) {
          return Result.FENCED;
        } else {
          int version = session.replace(next.path, holder.version(), next.data);
          owned = new Owned(session.id(), version);
        }
        return Result.WRITTEN;
      } catch (KeeperException.NodeExistsException | KeeperException.BadVersionException e) {
        // Another process was quicker; look again.
      } catch (KeeperException.NoNodeException e) {
        client.createFolders(session);
      }
    }
    return Result.CONTENDED;
  }

  private boolean isNewer(Node holder, long epoch) {
    if (holder.owner() == 0) {
      return false;
    }
    return switch (kind.decoder().apply(holder.data())) {
      case Valid<T>(T record) -> kind.epoch().applyAsLong(record) > epoch;
      case Refused<T>(Refusal reason, String _) -> reason == Refusal.NEWER_FORMAT;
    };
  }

  private void countFleet(ZnodeSession session) throws InterruptedException {
    long now = System.nanoTime();
    if (now - countAtNanos < 0) {
      return;
    }
    try {
      fleetSize = Math.max(1, session.childCount(kind.folder().apply(client.paths())));
      countAtNanos = now + COUNT_NANOS;
    } catch (KeeperException e) {
      log.debug("could not count the fleet: {}", e.code());
    }
  }

  private void setFenced(boolean now, Outgoing next) {
    if (now != fencedNow) {
      fencedNow = now;
      if (now) {
        log.warn("{} belongs to a newer process of the same id; not announcing", next.path);
      } else {
        log.info("{} is announced again", next.path);
      }
    }
  }

  private void leave() throws InterruptedException {
    Owned known = owned;
    Outgoing last = newest;
    if (last == null || client.state() != MembershipClient.State.CONNECTED) {
      return; // The end of the session removes the znode.
    }
    try {
      ZnodeSession session = client.session();
      if (known != null && known.session == session.id()) {
        session.delete(last.path, known.version);
      }
    } catch (KeeperException e) {
      log.debug("could not delete {}: {}", last.path, e.code());
    }
  }

  /** Whether a newer process of the same id keeps this one from announcing. */
  public boolean isFenced() {
    return fencedNow;
  }

  /** Replicas (or routers) in the cluster, this one included; at most 5 s and one write old. */
  public int fleetSize() {
    return fleetSize;
  }

  /** Records written. */
  public long written() {
    return written.sum();
  }

  /** Records superseded by a newer one before they were written. */
  public long coalesced() {
    return coalesced.sum();
  }

  /** Writes that failed; each is tried again with the newest record. */
  public long failed() {
    return failed.sum();
  }

  /** Writes given up because a newer process of the same id owns the znode. */
  public long fenced() {
    return fenced.sum();
  }

  /** Deletes the znode, waiting for it 2 s at most. */
  @Override
  public void close() {
    client.removeListener(stateListener);
    Thread running;
    lock.lock();
    try {
      closing = true;
      running = writer;
      changed.signal();
    } finally {
      lock.unlock();
    }
    try {
      if (running != null && !running.join(CLOSE_LIMIT)) {
        running.interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
