package io.warmpath.routing.affinity;

import io.warmpath.routing.FleetView;
import io.warmpath.routing.Picker;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mechanism;
import io.warmpath.routing.PlacementCounters;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import io.warmpath.routing.fleet.Fleet;
import io.warmpath.routing.fleet.FleetTracker;
import io.warmpath.routing.fleet.ReplicaSlot;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Prefix affinity by cost: a prompt goes where its prefix is cached, unless waiting there costs
 * more than computing it elsewhere.
 */
public final class WarmpathPlacement implements Placement {

  /*
   * An update rebuilds the fleet, the table of hot families, the bound and the liveness of caches,
   * and publishes them as one picker. What lives on: the anchors, the credits and rate counts, the
   * sketches of traffic, and each replica's slot (pending work, requests in flight, health), until
   * the replica is gone or its epoch changes.
   *
   * Reports repeat their anchors for ten seconds, so that a lost report loses nothing; what the
   * report heard before this one has said already is left out. The replica's own clock tells how
   * long ago that was: its reports may be on their way for different times.
   */
  private static final long ROUNDING_MILLIS = 2;

  private volatile Shared shared;
  private final long seed;
  private final FleetTracker tracker;
  private final FamilyBook families;
  private long[] evictedMillis = {};
  private @Nullable Heard[] heard = {};
  private volatile WarmpathPicker picker;

  /** A placement with no replica yet; {@code seed} breaks ties. */
  public WarmpathPlacement(PlacementConfig config, Ticker ticker, long seed) {
    long nowNanos = ticker.nanos();
    TrafficTape tape = new TrafficTape();
    Decider.Memory memory =
        new Decider.Memory(
            new AnchorTable(config.anchors().capacity()),
            new RankCredits(),
            new RateCaps(),
            new NamedFamilies(),
            new WorkWindows());
    this.shared = new Shared(config, ticker, nowNanos, memory, tape, new Shared.Counters(nowNanos));
    this.seed = seed;
    this.tracker = new FleetTracker(config, nowNanos);
    this.families = new FamilyBook(config, tape, memory.named(), nowNanos);
    this.picker = newPicker(FleetView.EMPTY);
  }

  @Override
  public void update(FleetView view) {
    picker = newPicker(view);
  }

  @Override
  public boolean reconfigure(PlacementConfig config) {
    PlacementConfig next = shared.config().changedTo(config);
    shared = shared.with(next);
    tracker.reconfigure(next);
    families.reconfigure(next);
    return true;
  }

  @Override
  public Picker picker() {
    return picker;
  }

  @Override
  public PlacementCounters counters() {
    Shared.Counters counted = shared.counters();
    AnchorTable anchors = shared.memory().anchors();
    return new PlacementCounters(
        counted.picked.sum(),
        counted.rejected.sum(),
        counted.spilled.sum(),
        counted.refused.sum(),
        counted.shadowDisagreed.sum(),
        shared.tape().lostCount(),
        anchors.size(),
        anchors.evictedCount(),
        tracker.inFlight(),
        tracker.ejectedCount(),
        counted.shadow.counters());
  }

  private WarmpathPicker newPicker(FleetView view) {
    Moment now = shared.now();
    Fleet fleet = tracker.update(view, now.nanos(), this::hear);
    shared.memory().anchors().grow();
    shared
        .counters()
        .shadow
        .fold(view.replicas().stream().map(seen -> seen.report().id()).toList(), now.nanos());
    FamilyTable table = families.update(fleet.placeableCount(), now.nanos());
    Candidates candidates =
        new Candidates(
            shared.config(), fleet, shared.memory().anchors(), table, liveness(fleet), seed);
    Decider decider =
        new Decider(shared.config(), fleet, shared.memory(), candidates, boundSeconds(fleet));
    return new WarmpathPicker(shared, fleet, table, decider);
  }

  /** What the bound is at this view's mean; see {@link JobSizes} for the slack. */
  private double boundSeconds(Fleet fleet) {
    PlacementConfig.Bound bound = shared.config().bound();
    double meanSeconds = fleet.meanPendingSeconds();
    return shared.config().uses(Mechanism.LOAD_BOUND)
        ? bound.loadFactor() * meanSeconds
            + Math.max(bound.loadSlackSeconds(), 3 * families.jobSizes().deviation(meanSeconds))
        : Double.POSITIVE_INFINITY;
  }

  private void hear(ReplicaSlot slot, FleetView.Observed observed) {
    long receivedMillis = shared.at(observed.receivedNanos()).millis();
    hearEvictionMark(slot, observed, receivedMillis);
    if (!shared.config().uses(Mechanism.REPORTED_ANCHORS)) {
      return;
    }
    RecentAnchors recent = observed.report().anchors();
    double newsMillis = sinceLastHeardMillis(slot, observed.report(), receivedMillis);
    for (int i = 0; i < recent.size(); i++) {
      if (recent.ageMillis(i) <= newsMillis + ROUNDING_MILLIS) {
        long touchMillis = receivedMillis - recent.ageMillis(i);
        long aliveMillis = Math.max(slot.bornMillis(), touchMillis);
        shared.memory().anchors().touch(recent.hash(i), slot.number(), aliveMillis);
      }
    }
  }

  /** Returns how long before this report the last one that was heard of this cache was made. */
  private double sinceLastHeardMillis(ReplicaSlot slot, ReplicaReport report, long receivedMillis) {
    if (slot.number() >= heard.length) {
      heard = Arrays.copyOf(heard, slot.number() + 16);
    }
    @Nullable Heard before = heard[slot.number()];
    Heard now = new Heard(slot, report.epoch(), receivedMillis, report.readySeconds() * 1000);
    heard[slot.number()] = now;
    return before == null || before.slot != slot || before.epoch != now.epoch
        ? Double.POSITIVE_INFINITY
        : Math.max(
            (double) (now.receivedMillis - before.receivedMillis),
            now.readyMillis - before.readyMillis);
  }

  /**
   * When a report was heard.
   *
   * @param readyMillis the same by the replica's clock, unless it became ready anew
   */
  private record Heard(ReplicaSlot slot, long epoch, long receivedMillis, double readyMillis) {}

  private void hearEvictionMark(
      ReplicaSlot slot, FleetView.Observed observed, long receivedMillis) {
    if (slot.number() >= evictedMillis.length) {
      evictedMillis = Arrays.copyOf(evictedMillis, slot.number() + 16);
    }
    double ageMillis = observed.report().cache().evictionAgeSeconds() * 1000;
    boolean marked = shared.config().uses(Mechanism.EVICTION_MARK) && ageMillis < receivedMillis;
    evictedMillis[slot.number()] = marked ? receivedMillis - (long) ageMillis : 0;
  }

  private Liveness liveness(Fleet fleet) {
    long[] born = new long[evictedMillis.length];
    for (int index = 0; index < fleet.size(); index++) {
      born[fleet.slot(index).number()] = fleet.slot(index).bornMillis();
    }
    return new Liveness(born, Arrays.copyOf(evictedMillis, evictedMillis.length));
  }
}
