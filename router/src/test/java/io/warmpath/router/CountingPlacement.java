package io.warmpath.router;

import io.warmpath.routing.Decision;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.Lease;
import io.warmpath.routing.PickReason;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Picker;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementCounters;
import io.warmpath.routing.ReplicaBelief;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ShadowCounters;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Tries replicas in the order of their ids and keeps every lease with all that was done to it. */
final class CountingPlacement implements Placement, Picker {

  private final List<Recorded> leases = new CopyOnWriteArrayList<>();
  private volatile FleetView view = FleetView.EMPTY;
  private volatile PickResult.Rejected.Reason refuseAll = PickResult.Rejected.Reason.OVERLOADED;
  private volatile boolean refusing;

  /** Every lease given out, oldest first. */
  List<Recorded> leases() {
    return leases;
  }

  /** Rejects every request from now on. */
  void refuseAll(PickResult.Rejected.Reason reason) {
    refuseAll = reason;
    refusing = true;
  }

  @Override
  public void update(FleetView newView) {
    view = newView;
  }

  @Override
  public Picker picker() {
    return this;
  }

  @Override
  public PlacementCounters counters() {
    return new PlacementCounters(leases.size(), 0, 0, 0, 0, 0, 0, 0, 0, 0, ShadowCounters.NONE);
  }

  @Override
  public PickResult pick(PickRequest request) {
    if (refusing) {
      return new PickResult.Rejected(refuseAll, 1.5);
    }
    return view.replicas().stream()
        .map(FleetView.Observed::report)
        .filter(report -> !request.excluded().contains(report.id()))
        .sorted((a, b) -> a.id().compareTo(b.id()))
        .findFirst()
        .<PickResult>map(report -> {
          Recorded lease = new Recorded(report, request);
          leases.add(lease);
          return new PickResult.Assigned(lease);
        })
        .orElse(
            new PickResult.Rejected(
                view.replicas().isEmpty()
                    ? PickResult.Rejected.Reason.NO_READY_REPLICA
                    : PickResult.Rejected.Reason.EXHAUSTED,
                0));
  }

  @Override
  public @Nullable ReplicaBelief belief(String replicaId) {
    return null;
  }

  @Override
  public Decision explain(PickRequest request) {
    throw new UnsupportedOperationException();
  }

  /** A lease that remembers. */
  static final class Recorded implements Lease {
    final PickRequest request;
    final List<Outcome> outcomes = new CopyOnWriteArrayList<>();
    final List<String> events = new CopyOnWriteArrayList<>();
    private final ReplicaReport report;

    Recorded(ReplicaReport report, PickRequest request) {
      this.report = report;
      this.request = request;
    }

    @Override
    public ReplicaReport.Identity replica() {
      return report.identity();
    }

    @Override
    public long epoch() {
      return report.epoch();
    }

    @Override
    public PickReason reason() {
      return PickReason.REPLICA_SET;
    }

    @Override
    public int expectedCachedTokens() {
      return 128;
    }

    @Override
    public double pendingWorkLimitSeconds() {
      return request.attempt() < 3 ? 0.5 : Double.POSITIVE_INFINITY;
    }

    @Override
    public void accepted(double pendingWorkSeconds) {
      events.add("accepted " + pendingWorkSeconds);
    }

    @Override
    public void firstToken() {
      events.add("first token");
    }

    @Override
    public void close(Outcome outcome) {
      outcomes.add(outcome);
    }
  }
}
