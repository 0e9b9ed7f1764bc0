package io.warmpath.routing.fleet;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.D_Result;
import org.openjdk.jcstress.infra.results.ZZD_Result;

/** Races on {@link PendingWork}. Time stands still, so no work is done meanwhile. */
public final class PendingWorkStress {

  private PendingWorkStress() {}

  /** Two requests for the room of one: check and take are one step. */
  @JCStressTest
  @Outcome(id = "true, false, 2.0", expect = Expect.ACCEPTABLE, desc = "the first takes the room")
  @Outcome(id = "false, true, 2.0", expect = Expect.ACCEPTABLE, desc = "the second takes the room")
  @State
  public static class RoomForOne {
    private final PendingWork pending = new PendingWork(0, 0, new Calibration());

    /** One request. */
    @Actor
    public void first(ZZD_Result result) {
      result.r1 = pending.tryAdd(2, 1, 0);
    }

    /** Another. */
    @Actor
    public void second(ZZD_Result result) {
      result.r2 = pending.tryAdd(2, 1, 0);
    }

    /** What is believed afterwards. */
    @Arbiter
    public void afterwards(ZZD_Result result) {
      result.r3 = pending.seconds(0);
    }
  }

  /** One request comes while another is taken back: neither change is lost. */
  @JCStressTest
  @Outcome(id = "4.0", expect = Expect.ACCEPTABLE, desc = "5 - 3 + 2, in either order")
  @State
  public static class AddAndTakeBack {
    private final PendingWork pending = new PendingWork(5, 0, new Calibration());

    /** A new request. */
    @Actor
    public void add() {
      pending.tryAdd(2, Double.POSITIVE_INFINITY, 0);
    }

    /** A cancelled one. */
    @Actor
    public void takeBack() {
      pending.subtract(3, 0);
    }

    /** What is believed afterwards. */
    @Arbiter
    public void afterwards(D_Result result) {
      result.r1 = pending.seconds(0);
    }
  }

  /** A report must not overwrite the answer that arrives with it. */
  @JCStressTest
  @Outcome(id = "7.0", expect = Expect.ACCEPTABLE, desc = "the answer counts")
  @State
  public static class AnswerAndReport {
    private final PendingWork pending = new PendingWork(0, 0, new Calibration());

    /** The replica's answer to a request. */
    @Actor
    public void answer() {
      pending.answered(7, 0);
    }

    /** A report of an earlier moment. */
    @Actor
    public void report() {
      pending.reported(3, 0);
    }

    /** What is believed afterwards. */
    @Arbiter
    public void afterwards(D_Result result) {
      result.r1 = pending.seconds(0);
    }
  }
}
