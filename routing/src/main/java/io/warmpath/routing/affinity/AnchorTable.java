package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Remembers which replicas hold a prefix: a step hash and up to four (slot number, last touch).
 * Bounded; grows with use up to its capacity, then forgets what was not touched for longest.
 *
 * <p>Thread-safe and lock-free, but for {@link #grow}, which belongs to one thread. What it says is
 * a hint: a lost race costs one touch, never more.
 */
public final class AnchorTable {

  /*
   * A hash belongs to one set of eight ways; a way is a key and four holders, 40 bytes. The keys of
   * a set lie side by side, because most questions are for a hash that is not there, and a long
   * prompt asks hundreds, each of which is then a cache line or two:
   *
   *   set:  | key … key | h h h h | … | h h h h |
   *
   * A holder is one long, the time of touch in milliseconds above 16 bits of slot number, so that
   * the larger of two is the later and 0 is empty. A touch of a known holder raises it; of an
   * unknown one replaces the oldest of the four. A new key takes the way whose latest touch is the
   * oldest: least recently used within a set, which with eight ways loses little against a global
   * order and needs no list.
   *
   * A way changes its key through BUSY: the thread that swaps the key for BUSY clears the holders
   * and then writes the new key. A reader reads key, holders, and key again. A holder that another
   * thread wrote between is cleared with the rest, or stays as one wrong hint until it is
   * overwritten or found dead.
   *
   * While the table doubles, touches go to the old cells and may be missed in the new ones.
   */
  public static final int HOLDERS = 4;

  private static final int WAYS = 8;
  private static final int CELLS_OF_SET = WAYS * (1 + HOLDERS);
  private static final int SLOT_BITS = 16;
  private static final long EMPTY = 0;
  private static final long BUSY = 1;
  private static final int FIRST_SETS = 1 << 9;
  private static final double FULL = 0.5;
  private static final int NONE = -1;

  private final int maxSets;
  private final LongAdder used = new LongAdder();
  private final LongAdder evicted = new LongAdder();
  private volatile AtomicLongArray cells;

  /** An empty table of at most {@code capacity} anchors, rounded up to a power of two. */
  public AnchorTable(int capacity) {
    this.maxSets = Math.max(1, Integer.highestOneBit(Math.max(1, capacity - 1)) * 2 / WAYS);
    this.cells = new AtomicLongArray(Math.min(maxSets, FIRST_SETS) * CELLS_OF_SET);
  }

  /** The slot number in a holder. */
  public static int slotOf(long holder) {
    return (int) (holder & ((1 << SLOT_BITS) - 1));
  }

  /** The last touch in a holder, milliseconds. */
  public static long touchMillisOf(long holder) {
    return holder >>> SLOT_BITS;
  }

  /** Anchors held, about. */
  public long size() {
    return used.sum();
  }

  /** Anchors that were displaced by others. */
  public long evictedCount() {
    return evicted.sum();
  }

  /**
   * Writes the holders of {@code hash}, 0 for an empty place, into the four places of {@code out}.
   *
   * @return whether the hash is known
   */
  public boolean holders(long hash, long[] out) {
    AtomicLongArray current = cells;
    long key = key(hash);
    int set = firstCell(key, current);
    int way = wayOf(key, current, set);
    if (way == NONE) {
      return false;
    }
    int first = firstHolder(set, way);
    for (int i = 0; i < HOLDERS; i++) {
      out[i] = current.get(first + i);
    }
    return current.get(set + way) == key;
  }

  /** Remembers that the replica with slot {@code slotNumber} held {@code hash} at that time. */
  public void touch(long hash, int slotNumber, long millis) {
    AtomicLongArray current = cells;
    long key = key(hash);
    long holder = (millis << SLOT_BITS) | slotNumber;
    int set = firstCell(key, current);
    int way = wayOf(key, current, set);
    if (way == NONE) {
      insert(current, set, key, holder);
    } else {
      touchHolder(current, firstHolder(set, way), holder);
    }
  }

  /** Forgets that the replica with slot {@code slotNumber} held {@code hash}. */
  public void forget(long hash, int slotNumber) {
    AtomicLongArray current = cells;
    long key = key(hash);
    int set = firstCell(key, current);
    int way = wayOf(key, current, set);
    if (way == NONE) {
      return;
    }
    int first = firstHolder(set, way);
    for (int cell = first; cell < first + HOLDERS; cell++) {
      long holder = current.get(cell);
      if (holder != EMPTY && slotOf(holder) == slotNumber) {
        current.compareAndSet(cell, holder, EMPTY);
      }
    }
  }

  /** Doubles the table if it is nearly full and may grow. Called by the updating thread alone. */
  public void grow() {
    AtomicLongArray old = cells;
    int sets = old.length() / CELLS_OF_SET;
    if (sets >= maxSets || used.sum() < FULL * WAYS * sets) {
      return;
    }
    AtomicLongArray larger = new AtomicLongArray(old.length() * 2);
    used.reset();
    for (int set = 0; set < old.length(); set += CELLS_OF_SET) {
      for (int way = 0; way < WAYS; way++) {
        long key = old.get(set + way);
        if (key != EMPTY && key != BUSY) {
          copyWay(old, firstHolder(set, way), key, larger);
        }
      }
    }
    cells = larger;
  }

  private void copyWay(AtomicLongArray old, int holders, long key, AtomicLongArray larger) {
    int set = firstCell(key, larger);
    int way = wayOf(EMPTY, larger, set);
    for (int i = 0; i < HOLDERS; i++) {
      larger.set(firstHolder(set, way) + i, old.get(holders + i));
    }
    larger.set(set + way, key);
    used.increment();
  }

  /** Returns which way of a set has {@code key}, or {@link #NONE}. */
  private static int wayOf(long key, AtomicLongArray cells, int set) {
    for (int way = 0; way < WAYS; way++) {
      if (cells.get(set + way) == key) {
        return way;
      }
    }
    return NONE;
  }

  private static int firstHolder(int set, int way) {
    return set + WAYS + way * HOLDERS;
  }

  private static void touchHolder(AtomicLongArray cells, int first, long holder) {
    int slotNumber = slotOf(holder);
    @Var int oldest = first;
    @Var long oldestHolder = Long.MAX_VALUE;
    for (int cell = first; cell < first + HOLDERS; cell++) {
      long present = cells.get(cell);
      if (present != EMPTY && slotOf(present) == slotNumber) {
        if (present < holder) {
          cells.compareAndSet(cell, present, holder);
        }
        return;
      }
      if (present < oldestHolder) {
        oldest = cell;
        oldestHolder = present;
      }
    }
    if (oldestHolder < holder) {
      cells.compareAndSet(oldest, oldestHolder, holder);
    }
  }

  private void insert(AtomicLongArray cells, int set, long key, long holder) {
    int way = wayToReplace(cells, set);
    long before = cells.get(set + way);
    if (before == BUSY || !cells.compareAndSet(set + way, before, BUSY)) {
      return;
    }
    if (before == EMPTY) {
      used.increment();
    } else {
      evicted.increment();
    }
    int first = firstHolder(set, way);
    cells.set(first, holder);
    for (int i = 1; i < HOLDERS; i++) {
      cells.set(first + i, EMPTY);
    }
    cells.set(set + way, key);
  }

  private static int wayToReplace(AtomicLongArray cells, int set) {
    @Var int chosen = 0;
    @Var long oldest = Long.MAX_VALUE;
    for (int way = 0; way < WAYS; way++) {
      if (cells.get(set + way) == EMPTY) {
        return way;
      }
      int first = firstHolder(set, way);
      @Var long latest = 0;
      for (int i = 0; i < HOLDERS; i++) {
        latest = Math.max(latest, cells.get(first + i));
      }
      if (latest < oldest) {
        chosen = way;
        oldest = latest;
      }
    }
    return chosen;
  }

  /** Two values of the hash are taken by marks; their owners share the keys of two others. */
  private static long key(long hash) {
    return (hash == EMPTY || hash == BUSY) ? hash + 2 : hash;
  }

  private static int firstCell(long key, AtomicLongArray cells) {
    int sets = cells.length() / CELLS_OF_SET;
    return (int) ((key * 0x9E3779B97F4A7C15L) >>> 32 & (sets - 1)) * CELLS_OF_SET;
  }
}
