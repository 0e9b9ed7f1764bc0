package io.warmpath.simulator.engine;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;

/**
 * A map from block key to block number: open addressing with linear probing, at most half full,
 * primitive and of fixed size. Key 0 is not allowed: it marks an empty slot.
 */
final class BlockIndex {

  private final long[] keys;
  private final int[] blocks;
  private final int mask;
  private int size;

  /** Makes room for {@code capacity} keys. */
  BlockIndex(int capacity) {
    int slots = Integer.highestOneBit(Math.max(2, capacity)) << 2;
    keys = new long[slots];
    blocks = new int[slots];
    mask = slots - 1;
  }

  int size() {
    return size;
  }

  /** Returns the block under {@code key}, or -1. */
  int get(long key) {
    int slot = slotOf(key);
    return keys[slot] == key ? blocks[slot] : -1;
  }

  /** Adds a key that is absent. */
  void put(long key, int block) {
    int slot = slotOf(key);
    keys[slot] = key;
    blocks[slot] = block;
    size++;
  }

  /** Removes a key that is present, and moves later keys of its run up. */
  void remove(long key) {
    @Var int hole = slotOf(key);
    @Var int slot = hole;
    while (true) {
      slot = (slot + 1) & mask;
      long candidate = keys[slot];
      if (candidate == 0) {
        break;
      }
      // A key may fill the hole unless its home lies cyclically after the hole.
      if (((slot - home(candidate)) & mask) >= ((slot - hole) & mask)) {
        keys[hole] = candidate;
        blocks[hole] = blocks[slot];
        hole = slot;
      }
    }
    keys[hole] = 0;
    size--;
  }

  void clear() {
    Arrays.fill(keys, 0);
    size = 0;
  }

  private int slotOf(long key) {
    @Var int slot = home(key);
    while (keys[slot] != 0 && keys[slot] != key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private int home(long key) {
    return (int) (key ^ (key >>> 32)) & mask;
  }
}
