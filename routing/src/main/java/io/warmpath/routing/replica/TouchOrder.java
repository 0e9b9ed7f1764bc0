package io.warmpath.routing.replica;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;

/**
 * Entries by key and in the order of their last touch, without an object for each. Grows as needed,
 * never shrinks but by {@link #clear}. Not thread-safe.
 *
 * <p>An entry is known by its place, which stays its own until it is removed.
 */
final class TouchOrder {

  /*
   * cells:  | key | touch nanos | tokens, span | older, newer |  a long each for an entry
   * table:  places of entries by the hash of their key, linear probing, at most half full; what is
   *         removed is closed up by moving back what had to step over it.
   *
   * The oldest and the newest are linked through place 0, which is no entry. Free places are linked
   * by `newer`.
   */
  static final int NONE = 0;

  private static final int CELLS = 4;
  private static final int TOUCH = 1;
  private static final int SIZE = 2;
  private static final int LINKS = 3;
  private static final int FIRST_PLACES = 64;
  private static final long LOW = 0xffff_ffffL;

  private long[] cells;
  private int[] table;
  private int size;
  private int used;
  private int free;

  TouchOrder() {
    cells = new long[FIRST_PLACES * CELLS];
    table = new int[FIRST_PLACES * 2];
    clear();
  }

  void clear() {
    if (cells.length > FIRST_PLACES * CELLS) {
      cells = new long[FIRST_PLACES * CELLS];
      table = new int[FIRST_PLACES * 2];
    }
    Arrays.fill(table, NONE);
    cells[LINKS] = 0;
    size = 0;
    used = 1;
    free = NONE;
  }

  int size() {
    return size;
  }

  /** Returns the place of {@code key}, {@link #NONE} when it has no entry. */
  int find(long key) {
    int mask = table.length - 1;
    @Var int at = slot(key, mask);
    while (table[at] != NONE && cells[table[at] * CELLS] != key) {
      at = (at + 1) & mask;
    }
    return table[at];
  }

  /** Returns the entry that was touched the longest ago; {@link #NONE} when there is none. */
  int oldest() {
    return newer(NONE);
  }

  int tokens(int place) {
    return (int) (cells[place * CELLS + SIZE] >>> Integer.SIZE);
  }

  int span(int place) {
    return (int) cells[place * CELLS + SIZE];
  }

  long touchNanos(int place) {
    return cells[place * CELLS + TOUCH];
  }

  /**
   * Makes an entry the newest.
   *
   * @param known its place, {@link #NONE} for a new one
   */
  void touch(int known, long key, int tokens, int span, long nowNanos) {
    @Var int place = known;
    if (known == NONE) {
      place = add(key);
    } else {
      unlink(known);
    }
    int cell = place * CELLS;
    cells[cell + TOUCH] = nowNanos;
    cells[cell + SIZE] = pair(tokens, span);
    int newest = older(NONE);
    setLinks(place, newest, NONE);
    setLinks(newest, newest == NONE ? place : older(newest), place);
    setLinks(NONE, place, newer(NONE));
  }

  /** Removes the entry at {@code place}. */
  void remove(int place) {
    removeFromTable(cells[place * CELLS]);
    unlink(place);
    setLinks(place, NONE, free);
    free = place;
    size--;
  }

  private int add(long key) {
    if ((size + 1) * 2 > table.length) {
      rehash(table.length * 2);
    }
    @Var int place = free;
    if (place == NONE) {
      place = used++;
      if (used * CELLS > cells.length) {
        cells = Arrays.copyOf(cells, cells.length * 2);
      }
    } else {
      free = newer(place);
    }
    cells[place * CELLS] = key;
    putInTable(place);
    size++;
    return place;
  }

  private void rehash(int slots) {
    int[] old = table;
    table = new int[slots];
    for (int place : old) {
      if (place != NONE) {
        putInTable(place);
      }
    }
  }

  private void putInTable(int place) {
    int mask = table.length - 1;
    @Var int at = slot(cells[place * CELLS], mask);
    while (table[at] != NONE) {
      at = (at + 1) & mask;
    }
    table[at] = place;
  }

  private void removeFromTable(long key) {
    int mask = table.length - 1;
    @Var int hole = slot(key, mask);
    while (cells[table[hole] * CELLS] != key) {
      hole = (hole + 1) & mask;
    }
    for (int at = (hole + 1) & mask; table[at] != NONE; at = (at + 1) & mask) {
      int wanted = slot(cells[table[at] * CELLS], mask);
      if (((at - wanted) & mask) >= ((at - hole) & mask)) {
        table[hole] = table[at];
        hole = at;
      }
    }
    table[hole] = NONE;
  }

  private void unlink(int place) {
    int older = older(place);
    int newer = newer(place);
    setLinks(older, older(older), newer);
    setLinks(newer, older, newer(newer));
  }

  /** Of place 0: the newest. */
  private int older(int place) {
    return (int) (cells[place * CELLS + LINKS] >>> Integer.SIZE);
  }

  /** Of place 0: the oldest. */
  private int newer(int place) {
    return (int) cells[place * CELLS + LINKS];
  }

  private void setLinks(int place, int older, int newer) {
    cells[place * CELLS + LINKS] = pair(older, newer);
  }

  private static long pair(int high, int low) {
    return ((long) high << Integer.SIZE) | (low & LOW);
  }

  private static int slot(long key, int mask) {
    return (int) ((key * 0x9E3779B97F4A7C15L) >>> 32) & mask;
  }
}
