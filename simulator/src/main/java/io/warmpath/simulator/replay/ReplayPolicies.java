package io.warmpath.simulator.replay;

import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Placements;
import io.warmpath.routing.Policy;
import io.warmpath.routing.replica.ReplicaQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The policies that can be replayed, by name. */
public final class ReplayPolicies {

  /** All replicas share one cache: no policy, but a bound on what any can reach. */
  public static final String POOLED_CACHE = "pooled-cache";

  private ReplayPolicies() {}

  /** Names of all policies. */
  public static List<String> names() {
    List<String> names = new ArrayList<>(Arrays.stream(Policy.values()).map(Policy::id).toList());
    names.add(POOLED_CACHE);
    return names;
  }

  /**
   * Returns a policy. Only Warmpath's own agents order their queues and bound waits: the routers
   * that the others are written after have no agent.
   *
   * @param name its name
   * @param config settings of the placement
   * @param order the queue order of Warmpath's agents
   * @throws IllegalArgumentException with one sentence if there is no such policy
   */
  public static ReplayPolicy of(String name, PlacementConfig config, ReplicaQueue.Order order) {
    if (name.equals(POOLED_CACHE)) {
      return new ReplayPolicy(
          name,
          factory(Policy.ROUND_ROBIN, config),
          ReplicaQueue.Order.ARRIVAL,
          0,
          Double.POSITIVE_INFINITY,
          true);
    }
    Policy policy = Policy.of(name);
    if (policy != Policy.WARMPATH) {
      return ReplayPolicy.plain(name, factory(policy, config));
    }
    return new ReplayPolicy(
        name,
        factory(policy, config),
        order,
        ReplicaQueue.Settings.DEFAULT.deadlineFactor(),
        config.limits().maxQueueWaitSeconds(),
        false);
  }

  private static ReplayPolicy.Factory factory(Policy policy, PlacementConfig config) {
    return router -> Placements.create(policy, config, router.ticker(), router.seed());
  }
}
