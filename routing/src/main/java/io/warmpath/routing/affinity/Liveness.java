package io.warmpath.routing.affinity;

import io.warmpath.routing.fleet.Fleet;
import java.util.Arrays;

/**
 * Since when each replica's cache can hold anything: anchors that were last touched before that are
 * dead. Immutable.
 *
 * <p>One number a slot serves all: a new epoch, a slot that another replica takes over, and the
 * eviction mark only ever move it forward.
 */
final class Liveness {

  static final int NOBODY = -1;

  private final long[] bornMillis;
  private final long[] evictedMillis;

  /**
   * Takes both arrays over, by slot number.
   *
   * @param bornMillis when the cache began empty
   * @param evictedMillis last touch of the most recently evicted block, 0 for none
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
    return slot < evictedMillis.length && AnchorTable.touchMillisOf(holder) <= evictedMillis[slot]
        ? NOBODY
        : bornReplicaOf(holder, fleet);
  }

  /** The same, whatever was evicted since. */
  int bornReplicaOf(long holder, Fleet fleet) {
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
