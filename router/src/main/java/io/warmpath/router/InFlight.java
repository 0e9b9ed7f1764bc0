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

  /** Takes a place, or refuses the request that needs it. */
  void take() throws RequestRefusedException {
    if (!tryAcquire()) {
      throw new RequestRefusedException(
          new RequestFailure(
              RequestFailure.Kind.OVERLOADED, "this router holds its limit of requests", 1));
    }
  }

  void release() {
    count.decrementAndGet();
  }

  int count() {
    return count.get();
  }
}
