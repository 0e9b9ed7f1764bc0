package io.warmpath.routing.baseline;

import io.warmpath.routing.FleetView;
import io.warmpath.routing.Picker;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementCounters;
import io.warmpath.routing.Policy;
import io.warmpath.routing.ShadowCounters;
import io.warmpath.routing.Ticker;
import io.warmpath.routing.fleet.Fleet;
import io.warmpath.routing.fleet.FleetTracker;
import org.jspecify.annotations.Nullable;

/** A placement by one {@link Rule}. */
public final class BaselinePlacement implements Placement {

  private static final int SHORT_KEY_TOKENS = 256;

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
   * @param index what all replicas have cached, for the policies that need it
   * @throws IllegalArgumentException if {@code policy} is not a baseline, or needs an index
   */
  public static Placement of(
      Policy policy, PlacementConfig config, Ticker ticker, long seed, @Nullable CacheIndex index) {
    return new BaselinePlacement(config, ticker, rule(policy, config, ticker, seed, index));
  }

  private static Rule rule(
      Policy policy, PlacementConfig config, Ticker ticker, long seed, @Nullable CacheIndex index) {
    int familySteps = config.prefix().tokens() / config.prefix().stepTokens();
    int shortKeySteps = Math.max(1, SHORT_KEY_TOKENS / config.prefix().stepTokens());
    return switch (policy) {
      case ROUND_ROBIN -> new RoundRobin(seed);
      case LEAST_REQUESTS, LEAST_PENDING_WORK -> new LeastLoaded(policy);
      case BOUNDED_LOAD -> new BoundedLoadHashing(policy, config, familySteps);
      case BOUNDED_LOAD_256 -> new BoundedLoadHashing(policy, config, shortKeySteps);
      case SESSION_HASHING -> new SessionHashing(familySteps);
      case TWO_CHOICES -> new TwoChoices(familySteps);
      case CACHE_AWARE_TREE -> new CacheAwareTree(config.anchors().capacity(), ticker.nanos());
      case WEIGHTED_SCORER -> new WeightedScorer(config.anchors().capacity(), ticker.nanos());
      case DYNAMO_COST, EXACT_GREEDY -> {
        if (index == null) {
          throw new IllegalArgumentException(
              "policy " + policy.id() + " needs an exact cache index, which only a replay has");
        }
        yield new ExactCost(policy, index);
      }
      case WARMPATH -> throw new IllegalArgumentException("not a baseline: " + policy.id());
    };
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
        tracker.ejectedCount(),
        ShadowCounters.NONE);
  }

  private BaselinePicker newPicker(FleetView view) {
    long nowNanos = ticker.nanos();
    Fleet fleet = tracker.update(view, nowNanos, (slot, observed) -> {});
    rule.updated(fleet, nowNanos);
    return new BaselinePicker(rule, fleet, config, ticker, counters);
  }
}
