package io.warmpath.routing.affinity;

import io.warmpath.routing.fleet.Fleet;
import java.util.Arrays;

/**
 * Since when each replica's cache can hold anything: anchors that were last touched before that are
 * dead. Immutable.
 *
 * <p>One number a slot serves all: a new epoch, a slot that another replica takes over, and the
 * eviction mark only ever move it forward.
 *
 * <p>The mark is when the most recently evicted block was last used. An anchor lives up to {@link
 * #GRACE_MILLIS} beyond it: a request that still runs holds its blocks, but its anchors were last
 * touched at its first token; and touches and marks come from clocks of different processes.
 */
final class Liveness {

  static final int NOBODY = -1;

  /** About what a report is late and two hosts' clocks differ in pace. */
  private static final long GRACE_MILLIS = 1000;

  private final long[] bornMillis;
  private final long[] evictedMillis;

  /**
   * Takes both arrays over, by slot number.
   *
   * @param bornMillis when the cache began empty
   * @param evictedMillis last use of the most recently evicted block, 0 for none
   */
  Liveness(long[] bornMillis, long[] evictedMillis) {
    this.bornMillis = bornMillis;
    this.evictedMillis = evictedMillis;
  }

  static Liveness none() {
    return new Liveness(new long[0], new long[0]);
  }

  /** Returns the replica that still has what {@code holder} says, or {@link #NOBODY}. */
  int replicaOf(long holder, Fleet fleet) {
    int slot = AnchorTable.slotOf(holder);
    return slot < evictedMillis.length
            && AnchorTable.touchMillisOf(holder) + GRACE_MILLIS <= evictedMillis[slot]
        ? NOBODY
        : bornReplicaOf(holder, fleet);
  }

  private int bornReplicaOf(long holder, Fleet fleet) {
    int slot = AnchorTable.slotOf(holder);
    return holder == 0
            || slot >= bornMillis.length
            || AnchorTable.touchMillisOf(holder) < bornMillis[slot]
        ? NOBODY
        : fleet.indexOfSlot(slot);
  }

  @Override
  public String toString() {
    return "born " + Arrays.toString(bornMillis) + ", evicted " + Arrays.toString(evictedMillis);
  }
}
