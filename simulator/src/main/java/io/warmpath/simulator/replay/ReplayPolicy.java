package io.warmpath.simulator.replay;

import io.warmpath.routing.CacheIndex;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.Ticker;
import io.warmpath.routing.replica.ReplicaQueue;

/**
 * A policy under replay: the routers' placement and what the replicas' agents do for it.
 *
 * @param name its name in tables
 * @param factory makes one router's placement
 * @param order the order of the agents' queues
 * @param deadlineFactor virtual deadline = arrival + factor x own expected prefill time
 * @param maxWaitSeconds the agents refuse what would wait longer, infinite for never
 * @param pooledCache whether all replicas share one cache of their total size: a bound, no policy
 */
public record ReplayPolicy(
    String name,
    Factory factory,
    ReplicaQueue.Order order,
    double deadlineFactor,
    double maxWaitSeconds,
    boolean pooledCache) {

  /** Returns a policy without any help from the agents: requests wait in order of arrival. */
  public static ReplayPolicy plain(String name, Factory factory) {
    return new ReplayPolicy(
        name, factory, ReplicaQueue.Order.ARRIVAL, 0, Double.POSITIVE_INFINITY, false);
  }

  /** Makes placements. */
  @FunctionalInterface
  public interface Factory {

    /** Returns the placement of one router. */
    Placement create(Router router);
  }

  /**
   * What a router's placement may use.
   *
   * @param index its number, from 0
   * @param ticker virtual time
   * @param seed its own, for draws
   * @param prefill the replicas' speed
   * @param oracle the exact content of the caches, for policies that are bounds
   */
  public record Router(
      int index, Ticker ticker, long seed, PrefillSpeed prefill, CacheIndex oracle) {}
}
