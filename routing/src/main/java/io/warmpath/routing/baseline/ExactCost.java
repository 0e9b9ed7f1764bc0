package io.warmpath.routing.baseline;

import io.warmpath.routing.Policy;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.fleet.Fleet;

/**
 * Least cost over an exact index of all caches.
 *
 * <p>{@link Policy#EXACT_GREEDY} minimizes the first-token time: pending work plus the prefill of
 * what is not cached. {@link Policy#DYNAMO_COST} is written after NVIDIA Dynamo's KV router: blocks
 * to prefill plus blocks of the requests that the replica works on, both in tokens here, at equal
 * weights and without its softmax draw. Dynamo learns of caches from events and of load from its
 * own and its peers' requests; here the index is never late, and the load is the report's, in
 * tokens of pending prefill, with this router's own since.
 */
final class ExactCost implements Rule {

  private final Policy policy;
  private final CacheIndex index;

  ExactCost(Policy policy, CacheIndex index) {
    this.policy = policy;
    this.index = index;
  }

  @Override
  public String name() {
    return policy.id();
  }

  @Override
  public int choose(Situation situation) {
    return Choice.least(situation, replica -> cost(situation, replica));
  }

  @Override
  public int matchedTokens(Situation situation, int replica) {
    PromptPrefix prefix = situation.prefix();
    int cached = index.cachedTokens(situation.fleet().report(replica).id(), prefix);
    return Math.min(cached, prefix.promptTokens());
  }

  private double cost(Situation situation, int replica) {
    Fleet fleet = situation.fleet();
    int computed = situation.prefix().promptTokens() - matchedTokens(situation, replica);
    double pendingSeconds = fleet.pendingSeconds(replica, situation.nowNanos());
    if (policy == Policy.DYNAMO_COST) {
      double rate = fleet.report(replica).prefill().tokensPerSecond();
      return computed + fleet.report(replica).cache().usedTokens() + pendingSeconds * rate;
    }
    return pendingSeconds + fleet.prefillSeconds(replica, computed);
  }
}
