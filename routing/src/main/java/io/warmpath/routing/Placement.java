package io.warmpath.routing;

/**
 * One model's placement: the control side takes views of the fleet and publishes a {@link Picker}.
 */
public interface Placement {

  /** Takes a whole view of the fleet and publishes a new picker; one thread at a time. */
  void update(FleetView view);

  /** Returns the picker of the last view; thread-safe, one volatile read. */
  Picker picker();

  /** Returns what was counted so far; thread-safe, not a consistent snapshot. */
  PlacementCounters counters();
}
