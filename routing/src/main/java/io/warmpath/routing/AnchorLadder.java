package io.warmpath.routing;

import com.google.errorprone.annotations.Var;

/**
 * Which steps of a prompt are remembered as anchors: every step of the first {@code denseSteps},
 * then those at twice, four times, eight times … as many, and always the last one.
 */
public final class AnchorLadder {

  private AnchorLadder() {}

  /** Takes the index of a step to remember. */
  @FunctionalInterface
  public interface StepConsumer {
    /** Takes one index. */
    void accept(int stepIndex);
  }

  /** Calls {@code consumer} with the remembered step indexes of a prompt, shallow to deep. */
  public static void forEach(int stepCount, int denseSteps, StepConsumer consumer) {
    int dense = Math.min(stepCount, denseSteps);
    for (int index = 0; index < dense; index++) {
      consumer.accept(index);
    }
    @Var long steps = 2L * Math.max(1, denseSteps);
    while (steps < stepCount) {
      consumer.accept((int) steps - 1);
      steps *= 2;
    }
    if (stepCount > dense) {
      consumer.accept(stepCount - 1);
    }
  }
}
