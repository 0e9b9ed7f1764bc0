package io.warmpath.routing.fleet;

import io.warmpath.routing.Lease;
import io.warmpath.routing.PickReason;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A lease on a {@link ReplicaSlot}. Thread-safe. */
public final class SlotLease implements Lease {

  private static final int FIRST_TOKEN = 1;
  private static final int CLOSED = 2;

  private final ReplicaSlot slot;
  private final Grant grant;

  /** Pending work as believed when the place was taken; NaN when it was known. */
  private final Calibration.@Nullable Guess guess;

  private final Observer observer;
  private final Ticker ticker;
  private final AtomicInteger state = new AtomicInteger();

  /**
   * What was decided.
   *
   * @param replica who serves
   * @param epoch of its report
   * @param reason why
   * @param expectedCachedTokens prompt tokens believed cached there
   * @param workSeconds prefill work that was added to its pending work
   * @param limitSeconds highest pending work at which it is still the best, infinite for none
   */
  public record Grant(
      ReplicaReport.Identity replica,
      long epoch,
      PickReason reason,
      int expectedCachedTokens,
      double workSeconds,
      double limitSeconds) {}

  /** Learns how a lease goes on; called on the thread that uses the lease. */
  public interface Observer {

    /** Learns nothing. */
    Observer NONE = new Observer() {};

    /** The replica has the prompt in its cache, or soon will. */
    default void cached() {}

    /** The lease ended; called once. */
    default void closed(Outcome outcome) {}
  }

  private SlotLease(
      ReplicaSlot slot,
      Grant grant,
      Calibration.@Nullable Guess guess,
      Observer observer,
      Ticker ticker) {
    this.slot = slot;
    this.grant = grant;
    this.guess = guess;
    this.observer = observer;
    this.ticker = ticker;
  }

  /**
   * Takes a place on the replica of {@code slot}, and its lease, if it is not ejected and its
   * pending work is at most {@code takeLimitSeconds}; otherwise returns null.
   */
  public static @Nullable SlotLease tryOpen(
      ReplicaSlot slot, Grant grant, double takeLimitSeconds, Observer observer, Ticker ticker) {
    long nowNanos = ticker.nanos();
    Calibration.Guess guess = slot.pendingWork().guess(nowNanos);
    return slot.tryTake(grant.workSeconds, takeLimitSeconds, nowNanos)
        ? new SlotLease(slot, grant, guess, observer, ticker)
        : null;
  }

  @Override
  public ReplicaReport.Identity replica() {
    return grant.replica;
  }

  @Override
  public long epoch() {
    return grant.epoch;
  }

  @Override
  public PickReason reason() {
    return grant.reason;
  }

  @Override
  public int expectedCachedTokens() {
    return grant.expectedCachedTokens;
  }

  @Override
  public double pendingWorkLimitSeconds() {
    return grant.limitSeconds;
  }

  @Override
  public void accepted(double pendingWorkSeconds) {
    if ((state.get() & CLOSED) == 0 && slot.isCurrent(grant.epoch)) {
      double withRequest = pendingWorkSeconds + grant.workSeconds;
      slot.answered(guess, pendingWorkSeconds, withRequest, ticker.nanos());
      observer.cached();
    }
  }

  @Override
  public void firstToken() {
    int before = state.getAndUpdate(current -> current | FIRST_TOKEN);
    if (before == 0 && slot.isCurrent(grant.epoch)) {
      observer.cached();
    }
  }

  @Override
  public void close(Outcome outcome) {
    int before = state.getAndUpdate(current -> current | CLOSED);
    if ((before & CLOSED) != 0) {
      return;
    }
    slot.closed();
    long nowNanos = ticker.nanos();
    boolean computed = (before & FIRST_TOKEN) != 0;
    switch (outcome) {
      case Outcome.Completed completed -> slot.health().succeeded();
      case Outcome.Refused refused -> {
        slot.health().inconclusive();
        if (slot.isCurrent(grant.epoch)) {
          double pending = refused.pendingWorkSeconds();
          slot.answered(guess, pending, pending, nowNanos);
        }
      }
      case Outcome.Failed failed -> {
        slot.health().failed(nowNanos);
        takeBack(computed, nowNanos);
      }
      case Outcome.Cancelled cancelled -> {
        slot.health().inconclusive();
        takeBack(computed, nowNanos);
      }
    }
    observer.closed(outcome);
  }

  private void takeBack(boolean computed, long nowNanos) {
    if (!computed && slot.isCurrent(grant.epoch)) {
      slot.pendingWork().subtract(grant.workSeconds, nowNanos);
    }
  }
}
