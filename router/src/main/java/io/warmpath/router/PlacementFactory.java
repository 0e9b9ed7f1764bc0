package io.warmpath.router;

import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Policy;
import io.warmpath.routing.Ticker;

/** Makes the placement of a model. */
@FunctionalInterface
interface PlacementFactory {

  /** Returns a placement with no replica yet; see {@link io.warmpath.routing.Placements#create}. */
  Placement create(Policy policy, PlacementConfig config, Ticker ticker, long seed);
}
