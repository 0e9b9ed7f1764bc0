package io.warmpath.routing;

import io.warmpath.routing.affinity.WarmpathPlacement;
import io.warmpath.routing.baseline.BaselinePlacement;

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
   */
  public static Placement create(Policy policy, PlacementConfig config, Ticker ticker, long seed) {
    return switch (policy) {
      case WARMPATH -> new WarmpathPlacement(config, ticker, seed);
      case ROUND_ROBIN, BOUNDED_LOAD -> BaselinePlacement.of(policy, config, ticker, seed);
    };
  }
}
