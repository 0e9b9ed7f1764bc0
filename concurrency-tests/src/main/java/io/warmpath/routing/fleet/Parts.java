package io.warmpath.routing.fleet;

import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Makes what is raced on; the one place that knows how. Time is 0 throughout. */
final class Parts {

  static final ReplicaReport REPORT =
      new ReplicaReport(
          new ReplicaReport.Identity("replica", "127.0.0.1:1", List.of(), Map.of(), 1),
          1,
          1,
          ReplicaReport.State.READY,
          0,
          ReplicaReport.Load.IDLE,
          new ReplicaReport.Cache(0, 0, 0, 0, Double.POSITIVE_INFINITY),
          new PrefillSpeed(1, 0),
          List.of(),
          RecentAnchors.NONE,
          new ReplicaReport.Totals(0, 0, 0));

  /** Ejects at the first failure, for one second. */
  private static final PlacementConfig.Ejection AT_ONCE = new PlacementConfig.Ejection(1, 1, 1, 1);

  private Parts() {}

  static PendingWork pendingWork(double seconds) {
    return new PendingWork(seconds, 0, new Calibration());
  }

  /** Lets one replica be out at once. */
  static Health.Quota quotaOfOne() {
    Health.Quota quota = new Health.Quota();
    quota.setLimit(1);
    return quota;
  }

  static Health health(Health.Quota quota) {
    return new Health(AT_ONCE, quota);
  }

  static ReplicaSlot slot() {
    return new ReplicaSlot(
        0,
        REPORT,
        new Health(PlacementConfig.Ejection.DEFAULT, new Health.Quota()),
        new ReplicaSlot.Totals(new LongAdder(), new Calibration()),
        new ReplicaSlot.Clock(0, 1));
  }
}
