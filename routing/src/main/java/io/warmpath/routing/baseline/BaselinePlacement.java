package io.warmpath.routing.baseline;

import io.warmpath.routing.FleetView;
import io.warmpath.routing.Picker;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementCounters;
import io.warmpath.routing.Policy;
import io.warmpath.routing.Ticker;
import io.warmpath.routing.fleet.Fleet;
import io.warmpath.routing.fleet.FleetTracker;

/** A placement by one {@link Rule}. */
public final class BaselinePlacement implements Placement {

  private final PlacementConfig config;
  private final Ticker ticker;
  private final FleetTracker tracker;
  private final Rule rule;
  private final BaselinePicker.Counters counters = new BaselinePicker.Counters();
  private volatile BaselinePicker picker;

  private BaselinePlacement(PlacementConfig config, Ticker ticker, Rule rule) {
    this.config = config;
    this.ticker = ticker;
    this.rule = rule;
    this.tracker = new FleetTracker(config, ticker.nanos());
    this.picker = newPicker(FleetView.EMPTY);
  }

  /**
   * Returns the placement of a baseline policy.
   *
   * @throws IllegalArgumentException if {@code policy} is not one
   */
  public static Placement of(Policy policy, PlacementConfig config, Ticker ticker, long seed) {
    Rule rule =
        switch (policy) {
          case ROUND_ROBIN -> new RoundRobin(seed);
          case BOUNDED_LOAD -> new BoundedLoadHashing(config);
          case WARMPATH -> throw new IllegalArgumentException("not a baseline: " + policy);
        };
    return new BaselinePlacement(config, ticker, rule);
  }

  @Override
  public void update(FleetView view) {
    picker = newPicker(view);
  }

  @Override
  public Picker picker() {
    return picker;
  }

  @Override
  public PlacementCounters counters() {
    return new PlacementCounters(
        counters.picked.sum(),
        counters.rejected.sum(),
        0,
        counters.refused.sum(),
        0,
        0,
        0,
        0,
        tracker.inFlight(),
        tracker.ejectedCount());
  }

  private BaselinePicker newPicker(FleetView view) {
    long nowNanos = ticker.nanos();
    Fleet fleet = tracker.update(view, nowNanos, (slot, observed) -> {});
    rule.updated(fleet, nowNanos);
    return new BaselinePicker(rule, fleet, config, ticker, counters);
  }
}
