package io.warmpath.routing.baseline;

import io.warmpath.hashing.PrefixHasher;
import io.warmpath.routing.Policy;
import io.warmpath.routing.fleet.Fleet;

/**
 * Two hash functions of the prompt's prefix name two replicas, and the one with less pending work
 * takes the request: affinity with the power of two choices, after DualMap.
 *
 * <p>DualMap (2026) also lengthens the hashed prefix of hot families and, when the better of the
 * two misses its time target, moves requests away. Here the prefix is the family's 1,024 tokens,
 * and of two replicas within a tenth of a second the first is preferred, for the sake of its cache.
 */
final class TwoChoices implements Rule {

  private static final double INDIFFERENT_SECONDS = 0.1;

  private final int familySteps;

  TwoChoices(int familySteps) {
    this.familySteps = familySteps;
  }

  @Override
  public String name() {
    return Policy.TWO_CHOICES.id();
  }

  @Override
  public int choose(Situation situation) {
    long key = Choice.key(situation.prefix(), familySteps);
    int first = firstOf(situation, PrefixHasher.mix(key, 1));
    int second = firstOf(situation, PrefixHasher.mix(key, 2));
    if (first < 0 || second < 0) {
      return Choice.least(situation, index -> pending(situation, index));
    }
    boolean firstIsFine =
        pending(situation, first) <= pending(situation, second) + INDIFFERENT_SECONDS;
    return firstIsFine ? first : second;
  }

  private static int firstOf(Situation situation, long key) {
    Fleet fleet = situation.fleet();
    int[] order = new int[Math.min(4, fleet.placeableCount())];
    int found = fleet.firstOf(key, order.length, order);
    for (int rank = 0; rank < found; rank++) {
      if (situation.isEligible(order[rank])) {
        return order[rank];
      }
    }
    return -1;
  }

  private static double pending(Situation situation, int index) {
    return situation.fleet().pendingSeconds(index, situation.nowNanos());
  }
}
