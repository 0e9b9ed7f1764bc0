package io.warmpath.routing;

import com.google.errorprone.annotations.Var;

/**
 * Which steps of a prompt are remembered as anchors: every step of the first {@code denseSteps},
 * the last few, and between them ever fewer the farther they are from both ends.
 */
public final class AnchorLadder {

  /*
   * A later prompt shares the beginning of this one up to some step. Where other conversations part
   * is anybody's guess, so a ladder from the beginning, each rung at twice the steps of the one
   * before, finds at least half of what is shared. A later turn of the same conversation shares all
   * but a little at the end (the last turn's template, a partial block), so a ladder from the end,
   * dense at first, finds all but about as little again.
   */
  private static final int DENSE_TAIL_STEPS = 4;

  private AnchorLadder() {}

  /** Takes the index of a step to remember. */
  @FunctionalInterface
  public interface StepConsumer {
    /** Takes one index. */
    void accept(int stepIndex);
  }

  /** Calls {@code consumer} once with each remembered step index of a prompt, in any order. */
  public static void forEach(int stepCount, int denseSteps, StepConsumer consumer) {
    int dense = Math.min(stepCount, denseSteps);
    for (int index = 0; index < dense; index++) {
      consumer.accept(index);
    }
    for (@Var int back = 0; stepCount - 1 - back >= dense; back = nextBack(back)) {
      consumer.accept(stepCount - 1 - back);
    }
    for (@Var long steps = 2L * Math.max(1, denseSteps); steps < stepCount; steps *= 2) {
      int index = (int) steps - 1;
      if (index >= dense && !isInTail(stepCount - 1 - index)) {
        consumer.accept(index);
      }
    }
  }

  /** Distances from the last step: 0, 1, 2, 3, 4, 8, 16 …. */
  private static int nextBack(int back) {
    return back < DENSE_TAIL_STEPS ? back + 1 : back * 2;
  }

  private static boolean isInTail(int back) {
    return back <= DENSE_TAIL_STEPS || Integer.bitCount(back) == 1;
  }
}
