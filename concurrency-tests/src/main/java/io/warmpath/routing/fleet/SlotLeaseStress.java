package io.warmpath.routing.fleet;

import io.warmpath.routing.Lease;
import io.warmpath.routing.PickReason;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IID_Result;

/** Races on {@link SlotLease}. */
public final class SlotLeaseStress {

  private static final double WORK_SECONDS = 2;

  private static final ReplicaReport REPORT =
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

  private SlotLeaseStress() {}

  /** An open lease, and how often its end was told. */
  private static final class Held implements SlotLease.Observer {
    private final ReplicaSlot slot =
        new ReplicaSlot(
            0,
            REPORT,
            new Health(PlacementConfig.Ejection.DEFAULT, new Health.Quota()),
            new ReplicaSlot.Totals(new LongAdder(), new Calibration()),
            new ReplicaSlot.Clock(0, 1));
    private final SlotLease lease =
        Objects.requireNonNull(
            SlotLease.tryOpen(
                slot,
                new SlotLease.Grant(
                    REPORT.identity(), 1, PickReason.REPLICA_SET, 0, WORK_SECONDS, 0),
                Double.POSITIVE_INFINITY,
                this,
                () -> 0));
    private final AtomicInteger closed = new AtomicInteger();

    @Override
    public void closed(Lease.Outcome outcome) {
      closed.incrementAndGet();
    }

    void tell(IID_Result result) {
      result.r1 = closed.get();
      result.r2 = slot.inFlight();
      result.r3 = slot.pendingWork().seconds(0);
    }
  }

  /** Client and replica end a request at the same time. */
  @JCStressTest
  @Outcome(id = "1, 0, 0.0", expect = Expect.ACCEPTABLE, desc = "one end, work taken back once")
  @State
  public static class TwoEnds {
    private final Held held = new Held();

    /** The client goes away. */
    @Actor
    public void cancel() {
      held.lease.close(new Lease.Outcome.Cancelled());
    }

    /** The replica fails. */
    @Actor
    public void fail() {
      held.lease.close(new Lease.Outcome.Failed());
    }

    /** What is left. */
    @Arbiter
    public void afterwards(IID_Result result) {
      held.tell(result);
    }
  }

  /** The client goes away while the first token arrives. */
  @JCStressTest
  @Outcome(id = "1, 0, 0.0", expect = Expect.ACCEPTABLE, desc = "cancelled before: work taken back")
  @Outcome(id = "1, 0, 2.0", expect = Expect.ACCEPTABLE, desc = "token before: the work was done")
  @State
  public static class EndAndFirstToken {
    private final Held held = new Held();

    /** The client goes away. */
    @Actor
    public void cancel() {
      held.lease.close(new Lease.Outcome.Cancelled());
    }

    /** The first token arrives. */
    @Actor
    public void firstToken() {
      held.lease.firstToken();
    }

    /** What is left. */
    @Arbiter
    public void afterwards(IID_Result result) {
      held.tell(result);
    }
  }
}
