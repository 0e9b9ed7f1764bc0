package io.warmpath.routing.affinity;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.openjdk.jcstress.infra.results.ZZJ_Result;

/** Races on {@link RateCaps} and {@link RankCredits}. */
public final class CountersStress {

  private static final long KEY = 12_345;

  private CountersStress() {}

  /** Two requests for the last place of a minute: count and check are one step. */
  @JCStressTest
  @Outcome(id = "true, false, 1", expect = Expect.ACCEPTABLE, desc = "the first is counted")
  @Outcome(id = "false, true, 1", expect = Expect.ACCEPTABLE, desc = "the second is counted")
  @State
  public static class LastOfAMinute {
    private final RateCaps caps = new RateCaps();

    /** One request. */
    @Actor
    public void first(ZZJ_Result result) {
      result.r1 = caps.tryCount(KEY, 1, 1, 1);
    }

    /** Another. */
    @Actor
    public void second(ZZJ_Result result) {
      result.r2 = caps.tryCount(KEY, 1, 1, 1);
    }

    /** What is counted afterwards. */
    @Arbiter
    public void afterwards(ZZJ_Result result) {
      result.r3 = caps.count(KEY, 1, 1);
    }
  }

  /** Two requests find 1,000 and 1,000 tokens: both are learned. */
  @JCStressTest
  @Outcome(id = "97", expect = Expect.ACCEPTABLE, desc = "5 % of 1,000, then of what is missing")
  @State
  public static class TwoLessons {
    private final RankCredits credits = new RankCredits();

    /** One request ends. */
    @Actor
    public void first() {
      credits.learn(1, 1000);
    }

    /** Another ends. */
    @Actor
    public void second() {
      credits.learn(1, 1000);
    }

    /** What is believed afterwards. */
    @Arbiter
    public void afterwards(I_Result result) {
      result.r1 = credits.tokens(1, 1_000_000);
    }
  }
}
