package io.warmpath.routing.affinity;

import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Ticker;
import java.util.concurrent.atomic.LongAdder;

/**
 * What outlives a picker: settings, clock, and the lock-free tables and counters that every picker
 * of one placement writes.
 */
record Shared(
    PlacementConfig config,
    Ticker ticker,
    long originNanos,
    Decider.Memory memory,
    TrafficTape tape,
    Counters counters) {

  private static final long NANOS_PER_MILLI = 1_000_000;

  /** Returns the same with other settings. */
  Shared with(PlacementConfig newConfig) {
    return new Shared(newConfig, ticker, originNanos, memory, tape, counters);
  }

  /** Returns the present moment. */
  Moment now() {
    return at(ticker.nanos());
  }

  /** Returns a moment of the ticker. */
  Moment at(long nanos) {
    return new Moment(nanos, (nanos - originNanos) / NANOS_PER_MILLI + 1);
  }

  /** Events, counted. */
  static final class Counters {
    final ShadowTally shadow;
    final LongAdder picked = new LongAdder();
    final LongAdder rejected = new LongAdder();
    final LongAdder spilled = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder shadowDisagreed = new LongAdder();

    Counters(long nowNanos) {
      this.shadow = new ShadowTally(nowNanos);
    }
  }
}
