package io.warmpath.routing.baseline;

import com.google.errorprone.annotations.Var;
import io.warmpath.hashing.BoundedLoad;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Policy;
import io.warmpath.routing.fleet.Fleet;

/**
 * Consistent hashing with bounded loads on the prompt's beginning: the first replica of the key's
 * order that holds fewer requests than its cap, which is the fair share of all requests in flight
 * times the load factor.
 *
 * <p>As in the routers that offer it, load is counted in requests and each router counts its own.
 */
final class BoundedLoadHashing implements Rule {

  private final Policy policy;
  private final int keySteps;
  private final BoundedLoad bound;

  /** Hashes the first {@code keySteps} steps of a prompt. */
  BoundedLoadHashing(Policy policy, PlacementConfig config, int keySteps) {
    this.policy = policy;
    this.keySteps = keySteps;
    this.bound = new BoundedLoad(config.bound().loadFactor(), 1);
  }

  @Override
  public String name() {
    return policy.id();
  }

  @Override
  public int choose(Situation situation) {
    Fleet fleet = situation.fleet();
    int[] order = new int[fleet.placeableCount()];
    int count = fleet.firstOf(Choice.key(situation.prefix(), keySteps), order.length, order);
    long load = fleet.inFlight() + 1L;
    @Var int fallback = -1;
    for (int rank = 0; rank < count; rank++) {
      int index = order[rank];
      if (situation.isEligible(index)) {
        if (fleet.slot(index).inFlight() < cap(fleet, index, load)) {
          return index;
        }
        fallback = fallback < 0 ? index : fallback;
      }
    }
    return fallback;
  }

  private long cap(Fleet fleet, int index, long load) {
    double weight = fleet.report(index).identity().weight();
    return (long) Math.ceil(bound.workCap((double) load, weight, fleet.totalWeight()));
  }
}
