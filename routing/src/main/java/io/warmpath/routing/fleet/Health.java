package io.warmpath.routing.fleet;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PlacementConfig;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Whether a replica is left alone because its requests failed one after the other. Thread-safe,
 * lock-free.
 *
 * <p>Some failures in a row eject it for a time that doubles with each ejection, up to a limit.
 * After that one request is let through: if it succeeds the replica is back, if it fails the
 * replica is out again. Only a share of the fleet is out at once.
 */
public final class Health {

  private static final int MAX_DOUBLINGS = 20;
  private static final double NANOS_PER_SECOND = 1e9;
  private static final State WELL = new State(0, 0, false, 0, false);

  /** Of a replica that is gone; leases on it may still fail, which then concerns nobody. */
  private static final State GONE = new State(0, -1, false, 0, false);

  private final AtomicReference<State> state = new AtomicReference<>(WELL);
  private final PlacementConfig.Ejection config;
  private final Quota quota;

  Health(PlacementConfig.Ejection config, Quota quota) {
    this.config = config;
    this.quota = quota;
  }

  /** Whether a request may be placed: not ejected, or the time is up and no trial runs. */
  public boolean admits(long nowNanos) {
    State current = state.get();
    return !current.ejected || (nowNanos - current.untilNanos >= 0 && !current.trial);
  }

  /** Claims the place of a request; of an ejected replica's trial requests only one gets it. */
  boolean tryClaim(long nowNanos) {
    while (true) {
      State current = state.get();
      if (!current.ejected) {
        return true;
      }
      if (nowNanos - current.untilNanos < 0 || current.trial) {
        return false;
      }
      if (state.compareAndSet(current, current.withTrial(true))) {
        return true;
      }
    }
  }

  /** A request got its answer. */
  void succeeded() {
    @Var State current = state.get();
    while (current.ejected || current.failures > 0) {
      if (state.compareAndSet(current, WELL)) {
        if (current.ejected) {
          quota.release();
        }
        return;
      }
      current = state.get();
    }
  }

  /** A request ended without saying anything of the replica. */
  void inconclusive() {
    @Var State current = state.get();
    while (current.trial && !state.compareAndSet(current, current.withTrial(false))) {
      current = state.get();
    }
  }

  /** A request failed because of the replica. */
  void failed(long nowNanos) {
    if (config.consecutiveFailures() == 0) {
      return;
    }
    while (true) {
      State current = state.get();
      if (current.equals(GONE) || (current.ejected && !current.trial)) {
        return;
      }
      boolean enough = current.trial || current.failures + 1 >= config.consecutiveFailures();
      boolean newlyOut = enough && !current.ejected;
      if (newlyOut && !quota.tryTake()) {
        return;
      }
      State next = enough ? current.ejectedAgain(until(current, nowNanos)) : current.failedOnce();
      if (state.compareAndSet(current, next)) {
        return;
      }
      if (newlyOut) {
        quota.release();
      }
    }
  }

  /** The replica began anew: what was known does not count. */
  void reset() {
    replace(WELL);
  }

  /** The replica is gone. */
  void retire() {
    replace(GONE);
  }

  private void replace(State next) {
    if (state.getAndSet(next).ejected) {
      quota.release();
    }
  }

  private long until(State current, long nowNanos) {
    double seconds =
        Math.min(
            config.maxSeconds(),
            config.baseSeconds() * (1L << Math.min(current.ejections, MAX_DOUBLINGS)));
    return nowNanos + (long) (seconds * NANOS_PER_SECOND);
  }

  /** How many replicas of a fleet may be ejected at once. Thread-safe. */
  static final class Quota {
    private final AtomicInteger taken = new AtomicInteger();
    private volatile int limit;

    void setLimit(int limit) {
      this.limit = limit;
    }

    int taken() {
      return taken.get();
    }

    boolean tryTake() {
      @Var int current = taken.get();
      while (current < limit) {
        int witness = taken.compareAndExchange(current, current + 1);
        if (witness == current) {
          return true;
        }
        current = witness;
      }
      return false;
    }

    void release() {
      taken.decrementAndGet();
    }
  }

  /**
   * One state.
   *
   * @param failures in a row
   * @param ejections in a row, without a success between them
   * @param ejected whether it is out
   * @param untilNanos when a trial may be made
   * @param trial whether one runs
   */
  private record State(
      int failures, int ejections, boolean ejected, long untilNanos, boolean trial) {

    State failedOnce() {
      return new State(failures + 1, ejections, ejected, untilNanos, trial);
    }

    State ejectedAgain(long until) {
      return new State(failures + 1, ejections + 1, true, until, false);
    }

    State withTrial(boolean running) {
      return new State(failures, ejections, ejected, untilNanos, running);
    }
  }
}
