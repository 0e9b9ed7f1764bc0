package io.warmpath.simulator.engine;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;

/**
 * The engine's KV cache: a fixed number of blocks, each in use by some sequences or free. A free
 * block keeps its content under its key until it is allocated again, the least recently freed one
 * first. Not thread-safe.
 */
final class BlockCache {

  /*
   * Free blocks form a doubly linked list in the order they were freed, through two int arrays with
   * a sentinel at index `blocks`: taking one that is hit out of the middle is O(1), as in vLLM's
   * free queue. All state is in primitive arrays, about 32 bytes a block with the index.
   */
  private final long[] keys;
  private final int[] users;
  private final long[] touchedAtNanos;
  private final int[] previous;
  private final int[] next;
  private final int sentinel;
  private final BlockIndex index;
  private final EngineListener listener;

  private int freeCount;
  private long evictions;
  private long evictionMarkNanos;

  BlockCache(int blocks, EngineListener listener) {
    keys = new long[blocks];
    users = new int[blocks];
    touchedAtNanos = new long[blocks];
    previous = new int[blocks + 1];
    next = new int[blocks + 1];
    sentinel = blocks;
    index = new BlockIndex(blocks);
    this.listener = listener;
    previous[sentinel] = sentinel;
    next[sentinel] = sentinel;
    for (int block = 0; block < blocks; block++) {
      appendFree(block);
    }
  }

  int size() {
    return sentinel;
  }

  /** Blocks in use by no sequence. */
  int freeCount() {
    return freeCount;
  }

  /** Blocks with content, in use or free. */
  int cachedCount() {
    return index.size();
  }

  long evictions() {
    return evictions;
  }

  /** The last touch of the most recently evicted block; meaningless before the first eviction. */
  long evictionMarkNanos() {
    return evictionMarkNanos;
  }

  /** Returns the block that holds the content of {@code key}, or -1. */
  int find(long key) {
    return index.get(key);
  }

  boolean isFree(int block) {
    return users[block] == 0;
  }

  /** Adds a user to a block found by its key. */
  void acquire(int block, long nowNanos) {
    if (users[block]++ == 0) {
      unlinkFree(block);
    }
    touchedAtNanos[block] = nowNanos;
  }

  /** Takes the least recently freed block, and with it its content. There must be a free one. */
  int allocate(long nowNanos) {
    int block = next[sentinel];
    if (block == sentinel) {
      throw new IllegalStateException("no free block of " + sentinel);
    }
    unlinkFree(block);
    users[block] = 1;
    long key = keys[block];
    if (key != 0) {
      index.remove(key);
      keys[block] = 0;
      evictions++;
      evictionMarkNanos = touchedAtNanos[block];
      listener.blockRemoved(key);
    }
    touchedAtNanos[block] = nowNanos;
    return block;
  }

  /** Names the content of a block in use; false if another block already holds that content. */
  boolean store(int block, long key) {
    if (index.get(key) >= 0) {
      return false;
    }
    keys[block] = key;
    index.put(key, block);
    return true;
  }

  /** Removes a user; a block without users becomes the most recently freed. */
  void release(int block, long nowNanos) {
    touchedAtNanos[block] = nowNanos;
    if (--users[block] == 0) {
      appendFree(block);
    }
  }

  /** Forgets all content; only while no block is in use. */
  void clear() {
    if (freeCount != sentinel) {
      throw new IllegalStateException((sentinel - freeCount) + " blocks in use");
    }
    Arrays.fill(keys, 0);
    index.clear();
    listener.cacheCleared();
  }

  private void appendFree(int block) {
    int last = previous[sentinel];
    next[last] = block;
    previous[block] = last;
    next[block] = sentinel;
    previous[sentinel] = block;
    freeCount++;
  }

  private void unlinkFree(int block) {
    next[previous[block]] = next[block];
    previous[next[block]] = previous[block];
    freeCount--;
  }

  /** Recounts from scratch, for tests: free list, users and index agree. */
  void checkInvariants() {
    @Var int free = 0;
    for (int block = next[sentinel]; block != sentinel; block = next[block]) {
      require(users[block] == 0, "a free block has users");
      free++;
    }
    require(free == freeCount, "free count");
    @Var int cached = 0;
    for (int block = 0; block < sentinel; block++) {
      require(users[block] >= 0, "negative users");
      if (users[block] == 0) {
        free--;
      }
      if (keys[block] != 0) {
        cached++;
        require(index.get(keys[block]) == block, "index");
      }
    }
    require(free == 0, "a block without users is not in the free list");
    require(cached == index.size(), "index size");
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new IllegalStateException("broken invariant: " + what);
    }
  }
}
