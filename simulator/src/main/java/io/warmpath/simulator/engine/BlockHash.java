package io.warmpath.simulator.engine;

import com.google.errorprone.annotations.Var;

/** The chained 64-bit hash that identifies blocks; never 0. */
public final class BlockHash {

  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

  private BlockHash() {}

  /** Returns the key of the block that holds {@code tokens[from..to)} after {@code parent}. */
  public static long chain(long parent, int[] tokens, int from, int to) {
    @Var long hash = parent + MULTIPLIER;
    for (int i = from; i < to; i++) {
      hash = (hash ^ tokens[i]) * MULTIPLIER;
      hash ^= hash >>> 32;
    }
    return finish(hash);
  }

  /** Returns the key of a block known by one number after {@code parent}. */
  public static long chain(long parent, long content) {
    // The parent is mixed first: parents and contents that are small numbers must not cancel out.
    return finish((finish(parent + MULTIPLIER) ^ content) * MULTIPLIER);
  }

  /** Returns the parent of first blocks under a LoRA adapter and a cache salt, both may be "". */
  public static long root(String loraAdapter, String cacheSalt) {
    return chain(chain(1, text(loraAdapter)), text(cacheSalt));
  }

  private static long text(String value) {
    @Var long hash = value.length();
    for (int i = 0; i < value.length(); i++) {
      hash = chain(hash, value.charAt(i));
    }
    return hash;
  }

  /* The finalizer of MurmurHash3, so that all bits depend on all of the input. */
  private static long finish(long value) {
    @Var long hash = value ^ (value >>> 33);
    hash *= 0xFF51AFD7ED558CCDL;
    hash ^= hash >>> 33;
    hash *= 0xC4CEB9FE1A85EC53L;
    hash ^= hash >>> 33;
    return hash == 0 ? 1 : hash;
  }
}
