package io.warmpath.routing.replica;

import io.warmpath.hashing.DecayedSpaceSaving;
import io.warmpath.routing.ReplicaReport;
import java.util.ArrayList;
import java.util.List;

/** The share of each large family in one replica's recent work and requests. Not thread-safe. */
final class FamilyTraffic {

  private static final int COUNTERS = 256;
  private static final long HALF_LIFE_NANOS = 60_000_000_000L;

  private final DecayedSpaceSaving work;
  private final DecayedSpaceSaving requests;

  /** No traffic yet; {@code nowNanos} is the ticker's reading. */
  FamilyTraffic(long nowNanos) {
    this.work = new DecayedSpaceSaving(COUNTERS, HALF_LIFE_NANOS, nowNanos);
    this.requests = new DecayedSpaceSaving(COUNTERS, HALF_LIFE_NANOS, nowNanos);
  }

  /** Counts one request of {@code family}, 0 for none. */
  void add(long family, int computedTokens, long nowNanos) {
    if (family == 0) {
      work.addKeyless(computedTokens, nowNanos);
      requests.addKeyless(1, nowNanos);
    } else {
      work.add(family, computedTokens, nowNanos);
      requests.add(family, 1, nowNanos);
    }
  }

  /** Returns the families with the largest share of the work, largest first. */
  List<ReplicaReport.FamilyShare> largest(int count) {
    long[] families = new long[count];
    int found = work.top(families);
    List<ReplicaReport.FamilyShare> shares = new ArrayList<>(found);
    for (int i = 0; i < found; i++) {
      double workShare = work.shareAtLeast(families[i]);
      double requestShare = requests.shareAtLeast(families[i]);
      if (workShare > 0) {
        shares.add(new ReplicaReport.FamilyShare(families[i], workShare, requestShare));
      }
    }
    return shares;
  }
}
