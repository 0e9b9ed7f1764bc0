package io.warmpath.routing.baseline;

import com.google.errorprone.annotations.Var;
import io.warmpath.hashing.PrefixHasher;
import io.warmpath.routing.PromptPrefix;
import java.util.function.IntToDoubleFunction;

/** What several rules have in common. */
final class Choice {

  private Choice() {}

  /**
   * Returns the eligible replica with the least cost, or -1; of equals the first from a place on
   * that the prompt draws, so that they share the requests.
   */
  static int least(Rule.Situation situation, IntToDoubleFunction cost) {
    int size = situation.fleet().size();
    int first = size == 0 ? 0 : (int) Long.remainderUnsigned(draw(situation.prefix()), size);
    @Var int best = -1;
    @Var double bestCost = Double.POSITIVE_INFINITY;
    for (int i = 0; i < size; i++) {
      int index = (first + i) % size;
      if (situation.isEligible(index)) {
        double value = cost.applyAsDouble(index);
        if (best < 0 || value < bestCost) {
          best = index;
          bestCost = value;
        }
      }
    }
    return best;
  }

  /** Returns the hash of the prompt's first {@code steps} steps, or of what it has. */
  static long key(PromptPrefix prefix, int steps) {
    int count = Math.min(steps, prefix.stepCount());
    return count == 0 ? draw(prefix) : prefix.stepHash(count - 1);
  }

  private static long draw(PromptPrefix prefix) {
    int steps = prefix.stepCount();
    long last = steps == 0 ? prefix.family() : prefix.stepHash(steps - 1);
    return PrefixHasher.mix(last, prefix.promptTokens());
  }
}
