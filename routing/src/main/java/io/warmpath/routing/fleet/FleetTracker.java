package io.warmpath.routing.fleet;

import com.google.errorprone.annotations.Var;
import io.warmpath.hashing.ConsistentOrder;
import io.warmpath.hashing.RendezvousOrder;
import io.warmpath.hashing.RingOrder;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.ReplicaReport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * Turns each view into a {@link Fleet} and keeps the slots that live on between them. Used by the
 * updating thread alone.
 */
public final class FleetTracker {

  /** Weight of a replica that has just become ready, and how long it takes to reach its own. */
  private static final double RAMP_START = 0.25;

  private static final double RAMP_SECONDS = 60;

  /** Steps of the ramp; few, so that routers whose reports differ in age agree on most orders. */
  private static final int RAMP_STEPS = 6;

  /** Larger fleets are ordered by a ring: its look-up does not visit every replica. */
  static final int MAX_RENDEZVOUS_REPLICAS = 1024;

  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final double NANOS_PER_SECOND = 1e9;

  private PlacementConfig config;
  private final long originNanos;
  private final Map<String, ReplicaSlot> slotById = new HashMap<>();
  private final BitSet usedNumbers = new BitSet();
  private final Health.Quota quota = new Health.Quota();
  private List<String> orderedIds = List.of();
  private double[] orderedWeights = {};
  private ConsistentOrder order = RendezvousOrder.of(List.of(), new double[0]);
  private final ReplicaSlot.Totals totals =
      new ReplicaSlot.Totals(new LongAdder(), new Calibration());

  /** No replica yet; {@code nowNanos} is the origin of {@link #millis}. */
  public FleetTracker(PlacementConfig config, long nowNanos) {
    this.config = config;
    this.originNanos = nowNanos;
  }

  /** Takes other settings, in effect with the next update; those of ejections stay. */
  public void reconfigure(PlacementConfig newConfig) {
    config = newConfig;
  }

  /** Takes what a report brings beside load and cache. */
  @FunctionalInterface
  public interface News {
    /** A report that was not heard before, of the replica with that slot. */
    void heard(ReplicaSlot slot, FleetView.Observed observed);
  }

  /** The parts of a fleet, filled one after the other. */
  static final class Parts {
    List<ReplicaReport> reports = List.of();
    ReplicaSlot[] slots = {};
    boolean[] placeable = {};
    boolean[] stale = {};
    Map<String, Integer> indexById = Map.of();
    int[] indexBySlot = {};
    int[] orderIndexes = {};
    int[] shortList = {};
    ConsistentOrder order = RendezvousOrder.of(List.of(), new double[0]);
    int routerCount;
    PrefillSpeed[] speeds = {};
    double meanPendingSeconds;
    double totalWeight;
  }

  /** Milliseconds since the tracker began, at least 1: the time of anchors. */
  public long millis(long nowNanos) {
    return (nowNanos - originNanos) / NANOS_PER_MILLI + 1;
  }

  /** Replicas that are ejected now; for any thread. */
  public int ejectedCount() {
    return quota.taken();
  }

  /** Requests in flight on all replicas, those included that are gone; for any thread. */
  public long inFlight() {
    return totals.inFlight().sum();
  }

  /** Takes a view; calls {@code news} for each report in it that was not heard before. */
  public Fleet update(FleetView view, long nowNanos, News news) {
    List<FleetView.Observed> observed = new ArrayList<>(view.replicas());
    observed.sort(Comparator.comparing(each -> each.report().id()));
    ReplicaSlot.Clock now = new ReplicaSlot.Clock(nowNanos, millis(nowNanos));
    retireAllBut(observed);
    totals.calibration().learn();
    Parts parts = new Parts();
    parts.reports = observed.stream().map(FleetView.Observed::report).toList();
    parts.slots = new ReplicaSlot[observed.size()];
    for (int i = 0; i < parts.slots.length; i++) {
      parts.slots[i] = hear(observed.get(i), now, news);
    }
    addIndexes(parts);
    addOrder(parts);
    parts.speeds = FleetSpeeds.of(parts.reports, parts.orderIndexes);
    quota.setLimit((int) (config.ejection().maxShare() * parts.orderIndexes.length));
    addLoad(parts, observed, nowNanos);
    parts.routerCount = view.routerCount();
    addShortList(parts, view, nowNanos);
    return new Fleet(parts);
  }

  private void retireAllBut(List<FleetView.Observed> observed) {
    Map<String, ReplicaSlot> gone = new HashMap<>(slotById);
    for (FleetView.Observed each : observed) {
      gone.remove(each.report().id());
    }
    gone.forEach((id, slot) -> {
      slot.retire();
      slotById.remove(id);
      usedNumbers.clear(slot.number());
    });
  }

  private ReplicaSlot hear(FleetView.Observed observed, ReplicaSlot.Clock now, News news) {
    ReplicaReport report = observed.report();
    ReplicaSlot known = slotById.get(report.id());
    if (known != null) {
      if (known.hear(report, observed.receivedNanos(), now)) {
        news.heard(known, observed);
      }
      return known;
    }
    int number = usedNumbers.nextClearBit(0);
    usedNumbers.set(number);
    ReplicaSlot slot =
        new ReplicaSlot(number, report, new Health(config.ejection(), quota), totals, now);
    slotById.put(report.id(), slot);
    news.heard(slot, observed);
    return slot;
  }

  private void addIndexes(Parts parts) {
    parts.indexById = new HashMap<>();
    parts.indexBySlot = new int[usedNumbers.length()];
    Arrays.fill(parts.indexBySlot, -1);
    for (int i = 0; i < parts.slots.length; i++) {
      parts.indexById.put(parts.reports.get(i).id(), i);
      parts.indexBySlot[parts.slots[i].number()] = i;
    }
  }

  private void addOrder(Parts parts) {
    parts.placeable = new boolean[parts.slots.length];
    List<String> ids = new ArrayList<>();
    int[] indexes = new int[parts.slots.length];
    double[] weights = new double[parts.slots.length];
    for (int i = 0; i < parts.slots.length; i++) {
      ReplicaReport report = parts.reports.get(i);
      parts.placeable[i] =
          switch (report.state()) {
            case READY, UNKNOWN -> true;
            case STARTING, DRAINING, DOWN -> false;
          };
      if (parts.placeable[i]) {
        indexes[ids.size()] = i;
        weights[ids.size()] = weight(report);
        parts.totalWeight += report.identity().weight();
        ids.add(report.id());
      }
    }
    parts.orderIndexes = Arrays.copyOf(indexes, ids.size());
    double[] used = Arrays.copyOf(weights, ids.size());
    parts.order = order(ids, used);
  }

  /** Most views change no member and no weight, and a ring takes long to build. */
  private ConsistentOrder order(List<String> ids, double[] weights) {
    if (!ids.equals(orderedIds) || !Arrays.equals(weights, orderedWeights)) {
      orderedIds = ids;
      orderedWeights = weights;
      order =
          ids.size() <= MAX_RENDEZVOUS_REPLICAS
              ? RendezvousOrder.of(ids, weights)
              : RingOrder.of(ids, weights, RingOrder.DEFAULT_POINTS);
    }
    return order;
  }

  private double weight(ReplicaReport report) {
    double own = report.identity().weight();
    if (!config.uses(PlacementConfig.Mechanism.RAMP_UP) || report.readySeconds() >= RAMP_SECONDS) {
      return own;
    }
    double done = Math.floor(report.readySeconds() / RAMP_SECONDS * RAMP_STEPS) / RAMP_STEPS;
    return own * (RAMP_START + (1 - RAMP_START) * done);
  }

  private void addLoad(Parts parts, List<FleetView.Observed> observed, long nowNanos) {
    parts.stale = new boolean[observed.size()];
    for (int index = 0; index < parts.stale.length; index++) {
      parts.stale[index] = isStale(observed.get(index), nowNanos);
    }
    @Var double sum = 0;
    @Var int known = 0;
    for (int index : parts.orderIndexes) {
      if (!parts.stale[index]) {
        sum += parts.slots[index].pendingWork().seconds(nowNanos);
        known++;
      }
    }
    parts.meanPendingSeconds = known == 0 ? 0 : sum / known;
    for (int index : parts.orderIndexes) {
      if (parts.stale[index]) {
        parts.slots[index].pendingWork().unknown(parts.meanPendingSeconds, nowNanos);
      }
    }
  }

  private boolean isStale(FleetView.Observed observed, long nowNanos) {
    double ageSeconds = (nowNanos - observed.receivedNanos()) / NANOS_PER_SECOND;
    return observed.report().state() == ReplicaReport.State.UNKNOWN
        || ageSeconds > config.limits().staleAfterSeconds();
  }

  /**
   * The slice is every R-th placeable replica, so that routers do not herd to the same idle one.
   */
  private void addShortList(Parts parts, FleetView view, long nowNanos) {
    int count = parts.orderIndexes.length;
    boolean sliced = config.uses(PlacementConfig.Mechanism.SLICES) && view.routerCount() <= count;
    int step = sliced ? view.routerCount() : 1;
    int first = sliced ? view.routerIndex() : 0;
    List<Integer> slice = new ArrayList<>();
    for (@Var int i = first; i < count; i += step) {
      slice.add(parts.orderIndexes[i]);
    }
    if (slice.size() > Fleet.SHORT_LIST) {
      double[] pending = new double[parts.slots.length];
      for (int index : slice) {
        pending[index] = parts.slots[index].pendingWork().seconds(nowNanos);
      }
      slice.sort(Comparator.comparingDouble(index -> pending[index]));
    }
    parts.shortList = slice.stream().limit(Fleet.SHORT_LIST).mapToInt(Integer::intValue).toArray();
  }
}
