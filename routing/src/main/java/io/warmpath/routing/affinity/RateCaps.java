package io.warmpath.routing.affinity;

import io.warmpath.hashing.PrefixHasher;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts the requests of a key on a replica in each minute. Thread-safe, lock-free, bounded: pairs
 * of key and replica that fall on one cell forget each other.
 */
final class RateCaps {

  /*
   * A cell is one long: 16 bits that tell pairs apart, 24 bits of minute number, 24 bits of count.
   * A cell of another pair or minute counts as 0.
   */
  private static final int CELLS = 1 << 12;

  private static final long MILLIS_A_MINUTE = 60_000;
  private static final int COUNT_BITS = 24;
  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

  private final AtomicLongArray cells = new AtomicLongArray(CELLS);

  /** Requests of {@code key} on the replica with that slot in the current minute. */
  long count(long key, int slotNumber, long millis) {
    long pair = PrefixHasher.mix(key, slotNumber);
    long cell = cells.get(index(pair));
    return (cell & ~COUNT_MASK) == label(pair, millis) ? cell & COUNT_MASK : 0;
  }

  /**
   * Counts one request if that keeps the pair within {@code cap}; one atomic step.
   *
   * @return whether it was counted
   */
  boolean tryCount(long key, int slotNumber, double cap, long millis) {
    long pair = PrefixHasher.mix(key, slotNumber);
    long label = label(pair, millis);
    int index = index(pair);
    while (true) {
      long cell = cells.get(index);
      long count = (cell & ~COUNT_MASK) == label ? cell & COUNT_MASK : 0;
      if (count + 1 > cap) {
        return false;
      }
      if (cells.compareAndSet(index, cell, label | (count + 1))) {
        return true;
      }
    }
  }

  private static int index(long pair) {
    return (int) (pair & (CELLS - 1));
  }

  private static long label(long pair, long millis) {
    return (pair >>> 48 << 48) | ((millis / MILLIS_A_MINUTE & COUNT_MASK) << COUNT_BITS);
  }
}
