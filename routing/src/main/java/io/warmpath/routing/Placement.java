package io.warmpath.routing;

/**
 * One model's placement: the control side takes views of the fleet and publishes a {@link Picker}.
 */
public interface Placement {

  /** Takes a whole view of the fleet and publishes a new picker; one thread at a time. */
  void update(FleetView view);

  /**
   * Takes other settings, in effect for every pick after the next {@link #update}; what was learned
   * stays. By the updating thread. What a placement cannot change as it runs keeps its old value:
   * the prefix, the number of anchors and of followed families, their half-life, and the ejection.
   *
   * @return whether the placement can change settings at all
   */
  default boolean reconfigure(PlacementConfig config) {
    return false;
  }

  /** Returns the picker of the last view; thread-safe, one volatile read. */
  Picker picker();

  /** Returns what was counted so far; thread-safe, not a consistent snapshot. */
  PlacementCounters counters();
}
