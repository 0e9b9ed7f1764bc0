package io.warmpath.routing.baseline;

import io.warmpath.routing.Policy;

/**
 * The least loaded replica: by this router's requests in flight, as load balancers do by default,
 * or by pending prefill work as the replicas report it.
 */
final class LeastLoaded implements Rule {

  private final Policy policy;

  /** By requests for {@link Policy#LEAST_REQUESTS}, otherwise by work. */
  LeastLoaded(Policy policy) {
    this.policy = policy;
  }

  @Override
  public String name() {
    return policy.id();
  }

  @Override
  public int choose(Situation situation) {
    return policy == Policy.LEAST_REQUESTS
        ? Choice.least(situation, index -> situation.fleet().slot(index).inFlight())
        : Choice.least(
            situation, index -> situation.fleet().pendingSeconds(index, situation.nowNanos()));
  }
}
