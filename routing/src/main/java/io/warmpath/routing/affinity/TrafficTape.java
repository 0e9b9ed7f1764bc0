package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Carries what the data path saw (key, parent key, work) to the updating thread. Any thread writes,
 * one thread drains; lock-free, and bounded by forgetting the oldest.
 */
final class TrafficTape {

  /*
   * A ring of records of three longs. A writer takes the next place and writes the key last; the
   * reader clears the key as it goes. Lost are: records older than the last RECORDS at a drain,
   * which are counted, and a record that is just being written. Shares of traffic are estimates, so
   * an even loss does not change them.
   */
  static final int RECORDS = 1 << 13;

  /** The key of a prompt that is too short to have a family. */
  static final long NO_FAMILY = -1;

  private static final int LONGS = 3;

  private final AtomicLongArray ring = new AtomicLongArray(RECORDS * LONGS);
  private final AtomicLong written = new AtomicLong();
  private long drained;
  private final LongAdder lost = new LongAdder();

  /** Takes one record. */
  @FunctionalInterface
  interface Reader {
    /** One request's use of {@code key}; {@code parent} is 0 for a family. */
    void read(long key, long parent, double workSeconds);
  }

  /** Records a use of {@code key}, which is not 0. */
  void record(long key, long parent, double workSeconds) {
    int place = (int) (written.getAndIncrement() & (RECORDS - 1)) * LONGS;
    ring.set(place + 1, parent);
    ring.set(place + 2, Double.doubleToRawLongBits(workSeconds));
    ring.set(place, key);
  }

  /** Reads everything since the last drain; one thread. */
  void drain(Reader reader) {
    long end = written.get();
    long oldest = Math.max(drained, end - RECORDS);
    lost.add(oldest - drained);
    for (@Var long number = oldest; number < end; number++) {
      int place = (int) (number & (RECORDS - 1)) * LONGS;
      long key = ring.getAndSet(place, 0);
      if (key != 0) {
        reader.read(key, ring.get(place + 1), Double.longBitsToDouble(ring.get(place + 2)));
      }
    }
    drained = end;
  }

  /** Records that were overwritten before they were read; for any thread. */
  long lostCount() {
    return lost.sum();
  }
}
