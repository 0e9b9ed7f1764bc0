package io.warmpath.hashing;

import com.google.errorprone.annotations.Var;

/**
 * Finds the keys that carry most of a stream's recent amount, in constant memory.
 *
 * <p>Amounts fade by half every half-life. With {@code c} counters, every key that carries more
 * than {@code 1 / c} of the faded total is among them, and a key's share is known to within {@code
 * 1 / c}: it lies between {@link #shareAtLeast} and {@link #shareAtMost}. Use one sketch for each
 * measure (requests, work): the bound then holds for each.
 *
 * <p>Not thread-safe: one thread writes and reads. {@link #add} takes O(log counters) and nothing
 * here allocates.
 */
public final class DecayedSpaceSaving {

  /*
   * Space-Saving [1] with real-valued amounts: a key that has a counter adds to it; one that has
   * none takes over the smallest counter, whose old value becomes the key's possible error. The
   * smallest counter is at most the mean, total / counters, which gives the bound.
   *
   * Fading is forward decay [2]: an amount at time t counts 2^((t - landmark) / halfLife), so old
   * counters shrink relative to new ones without being touched and keep their order. Before the
   * numbers outgrow a double, all are scaled down and the landmark moves. Times may come slightly
   * out of order; an older amount simply counts less.
   *
   * A counter is a slot of parallel arrays. The heap holds slots with the smallest amount on top;
   * the table is open addressing with linear probing and holds slot + 1, 0 when free. It is at most
   * half full, and deletion shifts entries back instead of leaving marks.
   *
   * [1] Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data
   *     Streams, ICDT 2005.
   * [2] Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay, ICDE 2009.
   */
  private static final int MAX_COUNTERS = 1 << 20;

  private static final double MAX_HALF_LIVES = 64;

  private static final int NONE = -1;

  private final double halfLifeNanos;
  private final long[] keys;
  private final double[] amounts;
  private final double[] errors;
  private final int[] heap;
  private final int[] heapPosition;
  private final int[] table;
  private final int tableShift;

  private int size;
  private double total;
  private long landmarkNanos;

  /**
   * Creates an empty sketch.
   *
   * @param counters number of counters, 1..2^20
   * @param halfLifeNanos time in which an amount fades to its half, above 0
   * @param nowNanos the ticker's reading
   */
  public DecayedSpaceSaving(int counters, long halfLifeNanos, long nowNanos) {
    if (counters < 1 || counters > MAX_COUNTERS) {
      throw new IllegalArgumentException("counters: " + counters + ", allowed: 1.." + MAX_COUNTERS);
    }
    if (halfLifeNanos < 1) {
      throw new IllegalArgumentException("halfLifeNanos: " + halfLifeNanos);
    }
    this.halfLifeNanos = halfLifeNanos;
    this.landmarkNanos = nowNanos;
    this.keys = new long[counters];
    this.amounts = new double[counters];
    this.errors = new double[counters];
    this.heap = new int[counters];
    this.heapPosition = new int[counters];
    int tableBits = Integer.SIZE - Integer.numberOfLeadingZeros(2 * counters - 1);
    this.table = new int[1 << tableBits];
    this.tableShift = Long.SIZE - tableBits;
  }

  /** Counts {@code amount}, finite and at least 0, for {@code key}. */
  public void add(long key, double amount, long nowNanos) {
    double scaled = scale(amount, nowNanos);
    total += scaled;
    @Var int slot = slotOf(key);
    if (slot == NONE) {
      slot = takeSlot(key);
    }
    amounts[slot] += scaled;
    siftDown(heapPosition[slot]);
  }

  /** Counts {@code amount}, finite and at least 0, for the total only: it has no key. */
  public void addKeyless(double amount, long nowNanos) {
    total += scale(amount, nowNanos);
  }

  /** Returns the largest share of the faded total that {@code key} can have, 0..1. */
  public double shareAtMost(long key) {
    if (total == 0) {
      return 0;
    }
    int slot = slotOf(key);
    if (slot != NONE) {
      return Math.min(1, amounts[slot] / total);
    }
    return (size < keys.length) ? 0 : amounts[heap[0]] / total;
  }

  /** Returns the smallest share of the faded total that {@code key} can have, 0..1. */
  public double shareAtLeast(long key) {
    int slot = slotOf(key);
    if (slot == NONE || total == 0) {
      return 0;
    }
    return Math.clamp((amounts[slot] - errors[slot]) / total, 0, 1);
  }

  /** Returns the faded total: the amount of a burst right now that would weigh as much. */
  public double total(long nowNanos) {
    return total / weight(nowNanos);
  }

  /** Number of keys that have a counter. */
  public int size() {
    return size;
  }

  /**
   * Writes the keys with the largest amounts, largest first, until {@code out} is full, and returns
   * their number. Looks once at each counter; what belongs among the largest so far is inserted.
   */
  public int top(long[] out) {
    int wanted = Math.min(out.length, size);
    @Var int count = 0;
    for (int slot = 0; slot < size; slot++) {
      if (count < wanted) {
        count++;
      } else if (count == 0 || !isLarger(slot, (int) out[count - 1])) {
        continue;
      }
      // Slots first, keys at the end, so that no array is needed.
      @Var int position = count - 1;
      for (; position > 0 && isLarger(slot, (int) out[position - 1]); position--) {
        out[position] = out[position - 1];
      }
      out[position] = slot;
    }
    for (int i = 0; i < count; i++) {
      out[i] = keys[(int) out[i]];
    }
    return count;
  }

  /** Of equal amounts the lower slot is the larger. */
  private boolean isLarger(int slot, int other) {
    return amounts[slot] > amounts[other] || (amounts[slot] == amounts[other] && slot < other);
  }

  private double scale(double amount, long nowNanos) {
    if (!(amount >= 0 && amount < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("amount: " + amount);
    }
    if ((nowNanos - landmarkNanos) / halfLifeNanos > MAX_HALF_LIVES) {
      moveLandmark(nowNanos);
    }
    return amount * weight(nowNanos);
  }

  private double weight(long nowNanos) {
    return Math.pow(2, (nowNanos - landmarkNanos) / halfLifeNanos);
  }

  /** Scales by less than 2^-64; what a double can no longer hold then was nothing anyway. */
  private void moveLandmark(long nowNanos) {
    double factor = 1 / weight(nowNanos);
    for (int slot = 0; slot < size; slot++) {
      amounts[slot] *= factor;
      errors[slot] *= factor;
    }
    total *= factor;
    landmarkNanos = nowNanos;
  }

  /** Gives {@code key} a free counter or, when there is none, the smallest one. */
  private int takeSlot(long key) {
    int slot;
    if (size < keys.length) {
      slot = size;
      heap[size] = slot;
      heapPosition[slot] = size;
      size++;
      keys[slot] = key;
      siftUp(heapPosition[slot]);
    } else {
      slot = heap[0];
      errors[slot] = amounts[slot];
      removeFromTable(keys[slot]);
      keys[slot] = key;
    }
    table[freeEntry(key)] = slot + 1;
    return slot;
  }

  private int slotOf(long key) {
    @Var int entry = home(key);
    while (table[entry] != 0) {
      int slot = table[entry] - 1;
      if (keys[slot] == key) {
        return slot;
      }
      entry = next(entry);
    }
    return NONE;
  }

  private int freeEntry(long key) {
    @Var int entry = home(key);
    while (table[entry] != 0) {
      entry = next(entry);
    }
    return entry;
  }

  private void removeFromTable(long key) {
    @Var int gap = home(key);
    while (keys[table[gap] - 1] != key) {
      gap = next(gap);
    }
    for (@Var int entry = next(gap); table[entry] != 0; entry = next(entry)) {
      int home = home(keys[table[entry] - 1]);
      // The entry may move back into the gap unless its home lies behind the gap.
      if (distance(home, entry) >= distance(gap, entry)) {
        table[gap] = table[entry];
        gap = entry;
      }
    }
    table[gap] = 0;
  }

  /** Fibonacci hashing, so that keys need not be well spread. */
  private int home(long key) {
    return (int) ((key * 0x9E3779B97F4A7C15L) >>> tableShift);
  }

  private int next(int entry) {
    return (entry + 1) & (table.length - 1);
  }

  private int distance(int from, int to) {
    return (to - from) & (table.length - 1);
  }

  private void siftUp(int start) {
    int slot = heap[start];
    @Var int position = start;
    while (position > 0) {
      int parent = (position - 1) >>> 1;
      if (amounts[heap[parent]] <= amounts[slot]) {
        break;
      }
      place(heap[parent], position);
      position = parent;
    }
    place(slot, position);
  }

  private void siftDown(int start) {
    int slot = heap[start];
    @Var int position = start;
    while (true) {
      @Var int child = 2 * position + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && amounts[heap[child + 1]] < amounts[heap[child]]) {
        child++;
      }
      if (amounts[slot] <= amounts[heap[child]]) {
        break;
      }
      place(heap[child], position);
      position = child;
    }
    place(slot, position);
  }

  private void place(int slot, int position) {
    heap[position] = slot;
    heapPosition[slot] = position;
  }
}
