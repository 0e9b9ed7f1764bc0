package io.warmpath.testkit;

import java.util.SplittableRandom;

/** Runs a check over many random cases whose seed is named when one fails. */
public final class SeededCases {

  private static final long ROOT_SEED = Long.getLong("warmpath.seed", 20261121L);

  private SeededCases() {}

  /** One random case. */
  @FunctionalInterface
  public interface Case {
    /** Draws all that it needs from {@code random} and asserts. */
    void run(SplittableRandom random);
  }

  /**
   * Runs {@code count} cases. A failing case is repeated alone by {@code -Dwarmpath.seed=SEED} with
   * the seed from the message: it is then the first one.
   */
  public static void run(int count, Case body) {
    for (int i = 0; i < count; i++) {
      long seed = ROOT_SEED + i;
      try {
        body.run(new SplittableRandom(seed));
      } catch (AssertionError failure) {
        throw new AssertionError("case " + i + ", -Dwarmpath.seed=" + seed, failure);
      }
    }
  }
}
