package io.warmpath.routing;

import java.util.concurrent.atomic.AtomicLong;

/** A ticker that a test moves by hand. Thread-safe. */
public final class ManualTicker implements Ticker {

  private final AtomicLong nanos;

  /** Starts at {@code nanos}. */
  public ManualTicker(long nanos) {
    this.nanos = new AtomicLong(nanos);
  }

  @Override
  public long nanos() {
    return nanos.get();
  }

  /** Moves on. */
  public void advanceSeconds(double seconds) {
    nanos.addAndGet(Math.round(seconds * 1e9));
  }
}
