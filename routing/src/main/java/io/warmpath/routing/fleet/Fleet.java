package io.warmpath.routing.fleet;

import com.google.errorprone.annotations.Var;
import io.warmpath.hashing.ConsistentOrder;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.ReplicaBelief;
import io.warmpath.routing.ReplicaReport;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One view of a fleet, made for deciding: replicas by index in the order of their ids. Immutable
 * but for the counters behind the slots.
 */
public final class Fleet {

  /** Of the least loaded replicas of a view, so many are compared anew in each decision. */
  static final int SHORT_LIST = 32;

  private final List<ReplicaReport> reports;
  private final ReplicaSlot[] slots;
  private final boolean[] placeable;
  private final boolean[] stale;
  private final Map<String, Integer> indexById;
  private final int[] indexBySlot;
  private final ConsistentOrder order;
  private final int[] orderIndexes;
  private final int[] shortList;
  private final PrefillSpeed[] speeds;
  private final int routerCount;
  private final double meanPendingSeconds;
  private final double totalWeight;

  /** Takes what {@link FleetTracker} made. */
  Fleet(FleetTracker.Parts parts) {
    this.reports = parts.reports;
    this.slots = parts.slots;
    this.placeable = parts.placeable;
    this.stale = parts.stale;
    this.indexById = parts.indexById;
    this.indexBySlot = parts.indexBySlot;
    this.order = parts.order;
    this.orderIndexes = parts.orderIndexes;
    this.shortList = parts.shortList;
    this.speeds = parts.speeds;
    this.routerCount = parts.routerCount;
    this.meanPendingSeconds = parts.meanPendingSeconds;
    this.totalWeight = parts.totalWeight;
  }

  /** Number of replicas, ready or not. */
  public int size() {
    return slots.length;
  }

  /** Number of replicas that may be given requests. */
  public int placeableCount() {
    return orderIndexes.length;
  }

  /** The report of replica {@code index}. */
  public ReplicaReport report(int index) {
    return reports.get(index);
  }

  /** The counters of replica {@code index}. */
  public ReplicaSlot slot(int index) {
    return slots[index];
  }

  /** Whether replica {@code index} is ready, or may be. */
  public boolean isPlaceable(int index) {
    return placeable[index];
  }

  /** Returns the replica of that id, or -1. */
  public int indexOf(String id) {
    return indexById.getOrDefault(id, -1);
  }

  /** Returns the replica that has the slot of that number, or -1. */
  public int indexOfSlot(int slotNumber) {
    return slotNumber < indexBySlot.length ? indexBySlot[slotNumber] : -1;
  }

  /**
   * Writes the first {@code count} placeable replicas of {@code key}'s order and returns their
   * number.
   */
  public int firstOf(long key, int count, int[] out) {
    int found = order.first(key, count, out);
    for (int i = 0; i < found; i++) {
      out[i] = orderIndexes[out[i]];
    }
    return found;
  }

  /** Placeable replicas of this router's slice that had the least pending work, at most 32. */
  public int[] shortList() {
    return shortList;
  }

  /** Routers alive, this one included. */
  public int routerCount() {
    return routerCount;
  }

  /** Mean pending work of the placeable replicas when the view was taken, seconds. */
  public double meanPendingSeconds() {
    return meanPendingSeconds;
  }

  /** Sum of the placeable replicas' weights. */
  public double totalWeight() {
    return totalWeight;
  }

  /** Pending work of replica {@code index} as believed now, seconds. */
  public double pendingSeconds(int index, long nowNanos) {
    return slots[index].pendingWork().seconds(nowNanos);
  }

  /** Seconds of prefill that {@code tokens} uncached tokens take on replica {@code index}. */
  public double prefillSeconds(int index, int tokens) {
    return speeds[index].seconds(tokens);
  }

  /** Returns what is believed of the replica of that id now, or null when there is none. */
  public @Nullable ReplicaBelief belief(String id, long nowNanos) {
    int index = indexOf(id);
    return index < 0
        ? null
        : new ReplicaBelief(
            pendingSeconds(index, nowNanos),
            slots[index].inFlight(),
            !slots[index].health().admits(nowNanos),
            stale[index]);
  }

  /** Requests of this router in flight on all replicas. */
  public int inFlight() {
    @Var int sum = 0;
    for (ReplicaSlot slot : slots) {
      sum += slot.inFlight();
    }
    return sum;
  }

  /** Indexes of the placeable replicas, ascending. */
  public int[] placeableIndexes() {
    return Arrays.copyOf(orderIndexes, orderIndexes.length);
  }
}
