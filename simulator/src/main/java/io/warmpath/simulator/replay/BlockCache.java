package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;

/**
 * A prefix cache: full blocks, least recently used freed first, the tail of a prompt before its
 * head. A block is known by a number that stands for the block and everything before it.
 */
final class BlockCache {

  /*
   * One slot a block in parallel arrays, 20 bytes; a doubly linked list by use runs through the
   * slots (slot 0 is its sentinel: next[0] is the least recently used), and an open-addressed table
   * at load up to one half maps a block to its slot. Blocks of a prompt are touched from the tail
   * to the head, so that a block is always at least as recent as what follows it: what is freed is
   * always the end of a cached prefix, as in vLLM, which appends a finished request's blocks to its
   * free queue in reverse.
   */
  private static final int NONE = 0;
  private static final int HASH_MULTIPLIER = 0x9E3779B9;

  private final int capacity;
  private final int[] blockOfSlot;
  private final int[] previous;
  private final int[] next;
  private final long[] touchedNanos;
  private final int[] table;
  private final int shift;
  private @Var int size;
  private @Var long evictedTouchNanos;
  private @Var boolean evictedAny;

  /** An empty cache of {@code capacityBlocks}, at least 1. */
  BlockCache(int capacityBlocks) {
    if (capacityBlocks < 1 || capacityBlocks > 1 << 28) {
      throw new IllegalArgumentException("capacityBlocks: " + capacityBlocks);
    }
    capacity = capacityBlocks;
    blockOfSlot = new int[capacity + 1];
    previous = new int[capacity + 1];
    next = new int[capacity + 1];
    touchedNanos = new long[capacity + 1];
    int tableBits = 33 - Integer.numberOfLeadingZeros(capacity);
    table = new int[1 << tableBits];
    shift = 32 - tableBits;
  }

  int size() {
    return size;
  }

  /** Returns how many of the first {@code count} blocks are cached without a gap. */
  int match(int[] blocks, int count) {
    @Var int matched = 0;
    while (matched < count && table[position(blocks[matched])] != NONE) {
      matched++;
    }
    return matched;
  }

  /**
   * Touches the first {@code count} blocks of a prompt, inserting those that are missing and
   * freeing the least recently used. A prompt longer than the cache keeps its head.
   */
  void touch(int[] blocks, int count, long nowNanos) {
    for (int i = Math.min(count, capacity) - 1; i >= 0; i--) {
      int slot = slotFor(blocks[i]);
      touchedNanos[slot] = nowNanos;
      linkLast(slot);
    }
  }

  /** Touches those of the first {@code count} blocks of a prompt that are still cached. */
  void touchPresent(int[] blocks, int count, long nowNanos) {
    for (int i = Math.min(count, capacity) - 1; i >= 0; i--) {
      int slot = table[position(blocks[i])];
      if (slot != NONE) {
        unlink(slot);
        touchedNanos[slot] = nowNanos;
        linkLast(slot);
      }
    }
  }

  /** Whether anything was ever freed. */
  boolean evictedAny() {
    return evictedAny;
  }

  /** When the block freed last had been touched last. */
  long evictedTouchNanos() {
    return evictedTouchNanos;
  }

  /** Forgets all blocks. */
  void clear() {
    Arrays.fill(table, NONE);
    previous[0] = 0;
    next[0] = 0;
    size = 0;
  }

  /** Returns the unlinked slot of a block, new or not. */
  private int slotFor(int block) {
    int found = table[position(block)];
    if (found != NONE) {
      unlink(found);
      return found;
    }
    int slot = size < capacity ? ++size : evictFirst();
    blockOfSlot[slot] = block;
    table[position(block)] = slot;
    return slot;
  }

  private int evictFirst() {
    int slot = next[0];
    evictedAny = true;
    evictedTouchNanos = touchedNanos[slot];
    unlink(slot);
    removeFromTable(blockOfSlot[slot]);
    return slot;
  }

  private void unlink(int slot) {
    next[previous[slot]] = next[slot];
    previous[next[slot]] = previous[slot];
  }

  private void linkLast(int slot) {
    int last = previous[0];
    next[last] = slot;
    previous[slot] = last;
    next[slot] = 0;
    previous[0] = slot;
  }

  private int home(int block) {
    return (block * HASH_MULTIPLIER) >>> shift;
  }

  /** Returns where the block is in the table, or the free place where it belongs. */
  private int position(int block) {
    int mask = table.length - 1;
    @Var int at = home(block);
    while (table[at] != NONE && blockOfSlot[table[at]] != block) {
      at = (at + 1) & mask;
    }
    return at;
  }

  /** Removes by moving back what the gap would hide (Knuth 6.4, algorithm R). */
  private void removeFromTable(int block) {
    int mask = table.length - 1;
    @Var int gap = position(block);
    @Var int at = gap;
    while (true) {
      at = (at + 1) & mask;
      if (table[at] == NONE) {
        table[gap] = NONE;
        return;
      }
      int home = home(blockOfSlot[table[at]]);
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        table[gap] = table[at];
        gap = at;
      }
    }
  }
}
