package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import io.warmpath.hashing.PrefixHasher;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The work that this router gave each replica in the last ten seconds, and how much of it was of
 * which family. Thread-safe, lock-free, bounded: families that fall on one row count together.
 */
final class WorkWindows {

  /*
   * If each router keeps a family below a share of what that router gives a replica, the family is
   * below that share of everything the replica gets; so routers need not know of each other.
   *
   * A row has a cell a second: 24 bits of the second's number, 40 bits of microseconds of work. A
   * cell of another second counts as 0.
   */
  static final int SECONDS = 10;

  private static final int ROWS = 1 << 11;
  private static final int CELLS = 16;
  private static final int WORK_BITS = 40;
  private static final long WORK_MASK = (1L << WORK_BITS) - 1;
  private static final long SECOND_MASK = (1L << 24) - 1;
  private static final double MICROS = 1e6;
  private static final long MILLIS_A_SECOND = 1000;

  private final AtomicLongArray all = new AtomicLongArray(ROWS * CELLS);
  private final AtomicLongArray ofFamily = new AtomicLongArray(ROWS * CELLS);

  /** Adds work that the replica with that slot was given; {@code family} 0 for no family's. */
  void add(long family, int slotNumber, double workSeconds, long millis) {
    add(all, row(slotNumber), workSeconds, millis);
    if (family != 0) {
      add(ofFamily, row(family, slotNumber), workSeconds, millis);
    }
  }

  /**
   * Work of the last ten seconds.
   *
   * @param familySeconds the family's
   * @param allSeconds all of the replica's
   */
  record Recent(double familySeconds, double allSeconds) {

    private static final double SOME_SECONDS = 0.05 * SECONDS;

    /**
     * The family's share if it gets {@code moreSeconds} as well, 0..1: of the replica's work, or,
     * where next to nothing of that is for others, of its time. A family that has a replica for
     * itself would otherwise be at its cap with the first request.
     */
    double shareWith(double moreSeconds) {
      double whole = allSeconds + moreSeconds;
      boolean servesOthers = allSeconds - familySeconds >= SOME_SECONDS;
      double base = servesOthers ? whole : Math.max(whole, SECONDS);
      return Math.min(1, (familySeconds + moreSeconds) / base);
    }
  }

  /** Returns what the replica with that slot was given lately. */
  Recent recent(long family, int slotNumber, long millis) {
    return new Recent(
        sum(ofFamily, row(family, slotNumber), millis), sum(all, row(slotNumber), millis));
  }

  /** Takes work back that was added at {@code millis}, if that second still counts. */
  void takeBack(long family, int slotNumber, double workSeconds, long millis) {
    add(family, slotNumber, -workSeconds, millis);
  }

  private static void add(AtomicLongArray cells, int row, double workSeconds, long millis) {
    long second = millis / MILLIS_A_SECOND;
    int index = row * CELLS + (int) (second & (CELLS - 1));
    long label = (second & SECOND_MASK) << WORK_BITS;
    long micros = Math.round(workSeconds * MICROS);
    while (true) {
      long cell = cells.get(index);
      if (workSeconds < 0 && (cell & ~WORK_MASK) != label) {
        return;
      }
      long before = (cell & ~WORK_MASK) == label ? cell & WORK_MASK : 0;
      long after = Math.clamp(before + micros, 0, WORK_MASK);
      if (cells.compareAndSet(index, cell, label | after)) {
        return;
      }
    }
  }

  private static double sum(AtomicLongArray cells, int row, long millis) {
    long now = millis / MILLIS_A_SECOND;
    @Var long micros = 0;
    for (@Var long second = now - SECONDS + 1; second <= now; second++) {
      long cell = cells.get(row * CELLS + (int) (second & (CELLS - 1)));
      if (cell >>> WORK_BITS == (second & SECOND_MASK)) {
        micros += cell & WORK_MASK;
      }
    }
    return micros / MICROS;
  }

  private static int row(int slotNumber) {
    return slotNumber & (ROWS - 1);
  }

  private static int row(long family, int slotNumber) {
    return (int) (PrefixHasher.mix(family, slotNumber) & (ROWS - 1));
  }
}
