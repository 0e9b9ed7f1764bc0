package io.warmpath.routing.baseline;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Policy;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.fleet.Fleet;

/**
 * A sum of scores between 0 and 1, highest wins, after llm-d's inference scheduler: the share of
 * the prompt that was sent there before (weight 3), how short its queue is between the shortest and
 * the longest (2), and how empty its KV cache is (2).
 *
 * <p>Differences: the queue is the one that the replica last reported, as in the original, but
 * reports here come every 250 ms instead of every 50 ms; the prefix index is of 128-token steps
 * with one bound for all replicas instead of one each.
 */
final class WeightedScorer implements Rule {

  private static final double PREFIX_WEIGHT = 3;
  private static final double QUEUE_WEIGHT = 2;
  private static final double CACHE_WEIGHT = 2;

  private final PrefixMemory memory;

  WeightedScorer(int capacity, long nowNanos) {
    this.memory = new PrefixMemory(capacity, nowNanos);
  }

  @Override
  public String name() {
    return Policy.WEIGHTED_SCORER.id();
  }

  @Override
  public int choose(Situation situation) {
    Fleet fleet = situation.fleet();
    int[] matched = memory.matchedTokens(fleet, situation.prefix());
    @Var int longest = 0;
    @Var int shortest = Integer.MAX_VALUE;
    for (int index = 0; index < fleet.size(); index++) {
      if (situation.isEligible(index)) {
        int waiting = fleet.report(index).load().waitingRequests();
        longest = Math.max(longest, waiting);
        shortest = Math.min(shortest, waiting);
      }
    }
    double span = Math.max(1, longest - shortest);
    int most = longest;
    double promptTokens = Math.max(1, situation.prefix().promptTokens());
    return Choice.least(
        situation,
        index -> {
          double queue = (most - fleet.report(index).load().waitingRequests()) / span;
          return -(PREFIX_WEIGHT * matched[index] / promptTokens
              + QUEUE_WEIGHT * queue
              + CACHE_WEIGHT * emptyShare(fleet.report(index).cache()));
        });
  }

  @Override
  public int matchedTokens(Situation situation, int index) {
    int matched = memory.matchedTokens(situation.fleet(), situation.prefix())[index];
    return Math.min(matched, situation.prefix().promptTokens());
  }

  @Override
  public void placed(Situation situation, int index) {
    int slot = situation.fleet().slot(index).number();
    memory.remember(situation.prefix(), slot, situation.nowNanos());
  }

  @Override
  public void updated(Fleet fleet, long nowNanos) {
    memory.grow();
  }

  private static double emptyShare(ReplicaReport.Cache cache) {
    return cache.capacityTokens() == 0
        ? 1
        : Math.max(0, 1 - (double) cache.usedTokens() / cache.capacityTokens());
  }
}
