package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How many cached tokens a replica turned out to have for prompts of which no anchor was known, by
 * its rank in the family's order: other routers placed there what this one does not know of.
 * Thread-safe, lock-free.
 */
final class RankCredits {

  /** Ranks 0, 1, 2, and all others together. */
  static final int CLASSES = 4;

  private static final double NEWEST = 0.05;

  /**
   * What the first of an order is believed to hold at least, tokens: a step. Another router, or
   * this one before its restart, would have placed the prompt there, and whoever is asked for it
   * next will look there, so between equals it is the better choice, whatever was found before.
   */
  static final int FIRST_TOKENS = 128;

  private final AtomicLongArray meanTokens = new AtomicLongArray(CLASSES);

  /** Returns the tokens that a replica of that rank may be believed to hold of a prompt. */
  int tokens(int rank, int promptTokens) {
    double mean = Double.longBitsToDouble(meanTokens.get(classOf(rank)));
    return (int) Math.min(rank == 0 ? Math.max(mean, FIRST_TOKENS) : mean, promptTokens);
  }

  /** A prompt without a known anchor found so many tokens cached. */
  void learn(int rank, int cachedTokens) {
    int index = classOf(rank);
    @Var boolean done = false;
    while (!done) {
      long bits = meanTokens.get(index);
      double mean = Double.longBitsToDouble(bits);
      double next = mean + NEWEST * (cachedTokens - mean);
      done = meanTokens.compareAndSet(index, bits, Double.doubleToRawLongBits(next));
    }
  }

  private static int classOf(int rank) {
    return (rank >= 0 && rank < CLASSES - 1) ? rank : CLASSES - 1;
  }
}
