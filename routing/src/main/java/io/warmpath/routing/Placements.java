package io.warmpath.routing;

import io.warmpath.routing.affinity.WarmpathPlacement;
import io.warmpath.routing.baseline.BaselinePlacement;
import io.warmpath.routing.baseline.CacheIndex;
import org.jspecify.annotations.Nullable;

/** Makes placements. */
public final class Placements {

  private Placements() {}

  /**
   * Returns a placement with no replica yet.
   *
   * @param policy what decides
   * @param config the model's settings
   * @param ticker the clock; also that of the views it is given
   * @param seed breaks ties; routers may have different ones
   * @throws IllegalArgumentException if the policy needs a cache index
   */
  public static Placement create(Policy policy, PlacementConfig config, Ticker ticker, long seed) {
    return create(policy, config, ticker, seed, null);
  }

  /**
   * Returns a placement with no replica yet, which may know what all replicas have cached.
   *
   * @param index used by the policies that need it, null for none
   * @throws IllegalArgumentException if the policy needs an index and there is none
   */
  public static Placement create(
      Policy policy, PlacementConfig config, Ticker ticker, long seed, @Nullable CacheIndex index) {
    return policy == Policy.WARMPATH
        ? new WarmpathPlacement(config, ticker, seed)
        : BaselinePlacement.of(policy, config, ticker, seed, index);
  }
}
