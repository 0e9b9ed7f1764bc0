package io.warmpath.routing.fleet;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.fleet.Calibration.Basis;
import io.warmpath.routing.fleet.Calibration.Guess;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What this router believes one replica has still to compute, in seconds of prefill. Thread-safe,
 * lock-free.
 */
public final class PendingWork {

  /*
   * A belief is a number of seconds at a moment; it falls by one second a second, because that is
   * how fast a replica works, and grows by what this router sends. Three things correct it:
   *
   *   - an answer of the replica to one of this router's requests: the truth of that moment;
   *   - a report: the truth of some earlier moment. It does not yet count what this router sent
   *     just before it arrived, so an answer stays better than any report that arrives within
   *     ANSWER_TRUST_NANOS after it;
   *   - no report for a long time: at least the mean of the others.
   *
   * What an answer of this moment says is taken as it is; what an older belief comes to is put
   * right by a Calibration.
   *
   * The belief is one immutable object behind one reference, so that check and take are one step.
   */
  private static final long ANSWER_IS_TRUE_NANOS = 50_000_000L;

  private static final long ANSWER_TRUST_NANOS = 1_000_000_000L;

  private static final double OPTIMISM = 0.75;
  private static final double NANOS_PER_SECOND = 1e9;

  private final AtomicReference<Belief> belief;
  private final Calibration calibration;

  /** Believes {@code seconds} from {@code nowNanos} on. */
  PendingWork(double seconds, long nowNanos, Calibration calibration) {
    this.calibration = calibration;
    this.belief = new AtomicReference<>(new Belief(seconds, nowNanos, Basis.REPORT, nowNanos));
  }

  /** Returns the seconds that are likely at {@code nowNanos}. */
  public double seconds(long nowNanos) {
    return likely(belief.get(), nowNanos);
  }

  /**
   * Returns the seconds that it may well be at {@code nowNanos}: likely, less three quarters of a
   * standard deviation of what is likely.
   */
  public double optimisticSeconds(long nowNanos) {
    Belief current = belief.get();
    double seconds = current.seconds(nowNanos);
    if (current.isAnswerOf(nowNanos)) {
      return seconds;
    }
    Calibration.Line line = calibration.line(current.basis);
    return Math.max(0, line.truth(seconds) - OPTIMISM * line.deviation());
  }

  private double likely(Belief current, long nowNanos) {
    double seconds = current.seconds(nowNanos);
    return current.isAnswerOf(nowNanos) ? seconds : calibration.line(current.basis).truth(seconds);
  }

  /** The same before it is put right; null when it is an answer of this moment, so the truth. */
  @Nullable Guess guess(long nowNanos) {
    Belief current = belief.get();
    return current.isAnswerOf(nowNanos)
        ? null
        : new Guess(current.basis, current.seconds(nowNanos));
  }

  /**
   * Adds {@code workSeconds} if the belief is at most {@code limitSeconds}; one atomic step.
   *
   * @return whether it was added
   */
  public boolean tryAdd(double workSeconds, double limitSeconds, long nowNanos) {
    while (true) {
      Belief current = belief.get();
      double pendingSeconds = current.seconds(nowNanos);
      if (pendingSeconds > limitSeconds) {
        return false;
      }
      if (belief.compareAndSet(
          current, current.withSeconds(pendingSeconds + workSeconds, nowNanos))) {
        return true;
      }
    }
  }

  /** Takes back work that will not be done after all. */
  void subtract(double workSeconds, long nowNanos) {
    tryAdd(-workSeconds, Double.POSITIVE_INFINITY, nowNanos);
  }

  /** The replica said so in answer to a request. */
  void answered(double seconds, long nowNanos) {
    belief.set(new Belief(seconds, nowNanos, Basis.ANSWER, nowNanos));
  }

  /** A report that arrived at {@code receivedNanos} says so. */
  void reported(double seconds, long receivedNanos) {
    @Var Belief current = belief.get();
    while (!current.beatsReportOf(receivedNanos)) {
      Belief next = new Belief(seconds, receivedNanos, Basis.REPORT, receivedNanos);
      if (belief.compareAndSet(current, next)) {
        return;
      }
      current = belief.get();
    }
  }

  /** Nothing was heard for long: it is at least {@code meanSeconds}. */
  void unknown(double meanSeconds, long nowNanos) {
    belief.updateAndGet(
        current -> current.withSeconds(Math.max(meanSeconds, current.seconds(nowNanos)), nowNanos));
  }

  /**
   * One belief.
   *
   * @param seconds pending work at {@code atNanos}
   * @param atNanos the moment
   * @param basis what the replica's last word was
   * @param heardNanos when the replica's last word came
   */
  private record Belief(double seconds, long atNanos, Basis basis, long heardNanos) {

    double seconds(long nowNanos) {
      double elapsedSeconds = (nowNanos - atNanos) / NANOS_PER_SECOND;
      return Math.max(0, seconds - Math.max(0, elapsedSeconds));
    }

    Belief withSeconds(double changed, long nowNanos) {
      return new Belief(Math.max(0, changed), nowNanos, basis, heardNanos);
    }

    boolean isAnswerOf(long nowNanos) {
      return basis == Basis.ANSWER && nowNanos - heardNanos < ANSWER_IS_TRUE_NANOS;
    }

    boolean beatsReportOf(long receivedNanos) {
      return basis == Basis.ANSWER && receivedNanos - heardNanos < ANSWER_TRUST_NANOS;
    }
  }
}
