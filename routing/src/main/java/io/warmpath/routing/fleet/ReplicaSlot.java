package io.warmpath.routing.fleet;

import io.warmpath.routing.ReplicaReport;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What this router itself keeps of one replica from view to view: its pending work, its requests in
 * flight, its health. A slot belongs to one replica until that is gone; its number is then used
 * again by a new object.
 *
 * <p>Counters are thread-safe; the epoch is written by the updating thread alone.
 */
public final class ReplicaSlot {

  private final int number;
  private final PendingWork pendingWork;
  private final Health health;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final Totals totals;
  private volatile long epoch;
  private volatile boolean retired;
  private long bornMillis;
  private long heardSequence;

  ReplicaSlot(int number, ReplicaReport report, Health health, Totals totals, Clock now) {
    this.number = number;
    this.epoch = report.epoch();
    this.bornMillis = now.millis();
    this.heardSequence = report.sequence();
    this.pendingWork =
        new PendingWork(report.load().pendingWorkSeconds(), now.nanos(), totals.calibration);
    this.health = health;
    this.totals = totals;
  }

  /**
   * What all slots of a fleet have together.
   *
   * @param inFlight requests in flight
   * @param calibration what answers teach about beliefs
   */
  record Totals(LongAdder inFlight, Calibration calibration) {}

  /** A moment on the ticker and on the placement's own count of milliseconds. */
  record Clock(long nanos, long millis) {}

  /** The slot's number; anchors name a replica by it. */
  public int number() {
    return number;
  }

  /** Pending work as believed. */
  public PendingWork pendingWork() {
    return pendingWork;
  }

  /** Whether it is ejected. */
  public Health health() {
    return health;
  }

  /** This router's requests on the replica now. */
  public int inFlight() {
    return inFlight.get();
  }

  /** Epoch of the replica's cache; what was cached in an earlier one is gone. */
  public long epoch() {
    return epoch;
  }

  /** Whether this is still the replica, with the cache, that the epoch names. */
  public boolean isCurrent(long expectedEpoch) {
    return !retired && epoch == expectedEpoch;
  }

  /** When the replica's cache began empty, as this placement counts milliseconds. */
  public long bornMillis() {
    return bornMillis;
  }

  /**
   * Takes a report that may have been heard before.
   *
   * @return whether it is news
   */
  boolean hear(ReplicaReport report, long receivedNanos, Clock now) {
    if (report.epoch() != epoch) {
      epoch = report.epoch();
      bornMillis = now.millis();
      health.reset();
      pendingWork.answered(report.load().pendingWorkSeconds(), now.nanos());
    } else if (report.sequence() == heardSequence) {
      return false;
    } else {
      pendingWork.reported(report.load().pendingWorkSeconds(), receivedNanos);
    }
    heardSequence = report.sequence();
    return true;
  }

  /** The replica is gone. */
  void retire() {
    retired = true;
    health.retire();
  }

  /** The replica said its pending work in answer to a request that was sent on that belief. */
  void answered(
      Calibration.@Nullable Guess guess, double truthSeconds, double withRequest, long nowNanos) {
    if (guess != null) {
      totals.calibration.answered(guess, truthSeconds);
    }
    pendingWork.answered(withRequest, nowNanos);
  }

  void closed() {
    inFlight.decrementAndGet();
    totals.inFlight.decrement();
  }

  /**
   * Takes a place on the replica if it is not ejected and its pending work is at most {@code
   * limitSeconds}.
   *
   * @return whether the place was taken
   */
  boolean tryTake(double workSeconds, double limitSeconds, long nowNanos) {
    if (!health.tryClaim(nowNanos)) {
      return false;
    }
    if (!pendingWork.tryAdd(workSeconds, limitSeconds, nowNanos)) {
      health.inconclusive();
      return false;
    }
    inFlight.incrementAndGet();
    totals.inFlight.increment();
    return true;
  }
}
