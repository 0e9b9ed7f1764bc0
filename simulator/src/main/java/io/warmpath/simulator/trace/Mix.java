package io.warmpath.simulator.trace;

/** A fixed 64-bit mixing function: the same input gives the same output on every run. */
final class Mix {

  /*
   * The finalizer of SplitMix64: Steele, Lea and Flood, Fast Splittable Pseudorandom Number
   * Generators, OOPSLA 2014.
   */
  private Mix() {}

  /** Returns {@code value} with its bits mixed; a bijection. */
  static long mix(long value) {
    long a = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }

  /** Returns a hash of an ordered pair. */
  static long mix(long first, long second) {
    return mix(mix(first + 0x9E3779B97F4A7C15L) ^ second);
  }
}
