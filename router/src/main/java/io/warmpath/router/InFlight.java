package io.warmpath.router;

import java.util.concurrent.atomic.AtomicInteger;

/** Counts the requests that a router holds and keeps them under a limit. Thread-safe. */
final class InFlight {

  private final int limit;
  private final AtomicInteger count = new AtomicInteger();

  InFlight(int limit) {
    this.limit = limit;
  }

  /** Takes a place, in one step with the check; each success needs one {@link #release}. */
  boolean tryAcquire() {
    if (count.incrementAndGet() > limit) {
      count.decrementAndGet();
      return false;
    }
    return true;
  }

  void release() {
    count.decrementAndGet();
  }

  int count() {
    return count.get();
  }
}
