package io.warmpath.router;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the bytes of request bodies that the HTTP door holds, from a body's first byte to its
 * answer's, and keeps them under a limit: clients decide how much they send and how slowly.
 * Thread-safe.
 */
final class BodyMemory {

  private final long limitBytes;
  private final AtomicLong heldBytes = new AtomicLong();

  BodyMemory(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** Takes {@code bytes}, in one step with the check; returns false when there are not as many. */
  boolean tryTake(long bytes) {
    if (heldBytes.addAndGet(bytes) > limitBytes) {
      heldBytes.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  /** Gives back what was taken. */
  void release(long bytes) {
    heldBytes.addAndGet(-bytes);
  }

  long heldBytes() {
    return heldBytes.get();
  }
}
