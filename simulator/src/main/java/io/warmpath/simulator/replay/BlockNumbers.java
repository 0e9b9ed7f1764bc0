package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;

/**
 * Numbers for blocks in their place: two blocks get one number if they and all before them have
 * equal ids. So a number stands for a whole prefix, whether or not the trace's ids did.
 */
final class BlockNumbers {

  /** The number before the first block of a prompt. */
  static final int ROOT = 0;

  private @Var int[] parents = new int[1024];
  private @Var long[] ids = new long[1024];
  private @Var int[] table = new int[4096];
  private @Var int count;

  /** Returns the number of block {@code id} after the block numbered {@code parent}; from 1. */
  int number(int parent, long id) {
    int at = position(parent, id);
    if (table[at] != 0) {
      return table[at];
    }
    int number = ++count;
    if (number == ids.length) {
      parents = Arrays.copyOf(parents, 2 * number);
      ids = Arrays.copyOf(ids, 2 * number);
    }
    parents[number] = parent;
    ids[number] = id;
    table[at] = number;
    if (2L * number > table.length) {
      rehash();
    }
    return number;
  }

  private void rehash() {
    table = new int[2 * table.length];
    for (int number = 1; number <= count; number++) {
      table[position(parents[number], ids[number])] = number;
    }
  }

  private int position(int parent, long id) {
    int mask = table.length - 1;
    @Var int at = (int) StepHashes.mix(parent, id) & mask;
    while (table[at] != 0 && (parents[table[at]] != parent || ids[table[at]] != id)) {
      at = (at + 1) & mask;
    }
    return at;
  }
}
