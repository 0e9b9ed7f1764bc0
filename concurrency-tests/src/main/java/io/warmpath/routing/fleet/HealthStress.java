package io.warmpath.routing.fleet;

import io.warmpath.routing.PlacementConfig;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.I_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** Races on {@link Health} and the quota of ejected replicas. */
public final class HealthStress {

  /** Ejects at the first failure, for one second. */
  private static final PlacementConfig.Ejection AT_ONCE = new PlacementConfig.Ejection(1, 1, 1, 1);

  private static final long AFTER_EJECTION_NANOS = 2_000_000_000L;

  private HealthStress() {}

  private static Health.Quota quotaOfOne() {
    Health.Quota quota = new Health.Quota();
    quota.setLimit(1);
    return quota;
  }

  /** The time of an ejection is up: one of two requests is the trial. */
  @JCStressTest
  @Outcome(id = "true, false", expect = Expect.ACCEPTABLE, desc = "the first is the trial")
  @Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "the second is the trial")
  @State
  public static class OneTrial {
    private final Health health = new Health(AT_ONCE, quotaOfOne());

    /** Ejects the replica. */
    public OneTrial() {
      health.failed(0);
    }

    /** One request. */
    @Actor
    public void first(ZZ_Result result) {
      result.r1 = health.tryClaim(AFTER_EJECTION_NANOS);
    }

    /** Another. */
    @Actor
    public void second(ZZ_Result result) {
      result.r2 = health.tryClaim(AFTER_EJECTION_NANOS);
    }
  }

  /** Two replicas fail where one may be out. */
  @JCStressTest
  @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "the first is out")
  @Outcome(id = "0, 1, 1", expect = Expect.ACCEPTABLE, desc = "the second is out")
  @State
  public static class QuotaOfOne {
    private final Health.Quota quota = quotaOfOne();
    private final Health first = new Health(AT_ONCE, quota);
    private final Health second = new Health(AT_ONCE, quota);

    /** One replica fails. */
    @Actor
    public void first() {
      first.failed(0);
    }

    /** Another fails. */
    @Actor
    public void second() {
      second.failed(0);
    }

    /** Which are out, and how many places are taken. */
    @Arbiter
    public void afterwards(III_Result result) {
      result.r1 = first.admits(0) ? 0 : 1;
      result.r2 = second.admits(0) ? 0 : 1;
      result.r3 = quota.taken();
    }
  }

  /** A replica fails while it leaves: its place in the quota does not stay taken. */
  @JCStressTest
  @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "no place is taken")
  @State
  public static class FailsAndLeaves {
    private final Health.Quota quota = quotaOfOne();
    private final Health health = new Health(AT_ONCE, quota);

    /** The last request on it fails. */
    @Actor
    public void fail() {
      health.failed(0);
    }

    /** It is gone from the fleet. */
    @Actor
    public void leave() {
      health.retire();
    }

    /** Places taken. */
    @Arbiter
    public void afterwards(I_Result result) {
      result.r1 = quota.taken();
    }
  }

  /** A trial succeeds while the replica restarts: its place is given back once. */
  @JCStressTest
  @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "given back once")
  @State
  public static class SucceedsAndRestarts {
    private final Health.Quota quota = quotaOfOne();
    private final Health health = new Health(AT_ONCE, quota);

    /** Ejects the replica. */
    public SucceedsAndRestarts() {
      health.failed(0);
    }

    /** The trial ends well. */
    @Actor
    public void succeed() {
      health.succeeded();
    }

    /** The replica begins a new epoch. */
    @Actor
    public void restart() {
      health.reset();
    }

    /** Places taken. */
    @Arbiter
    public void afterwards(I_Result result) {
      result.r1 = quota.taken();
    }
  }
}
