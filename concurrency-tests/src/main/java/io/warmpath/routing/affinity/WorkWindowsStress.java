package io.warmpath.routing.affinity;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Races on {@link WorkWindows}. */
public final class WorkWindowsStress {

  private static final long FAMILY = 7;
  private static final int SLOT = 3;

  /** A second whose cell is also that of {@link #MUCH_LATER}. */
  private static final long MILLIS = 5_000;

  private static final long MUCH_LATER = MILLIS + 16_000;

  private WorkWindowsStress() {}

  /** Returns the seconds of a replica's work, which are all of one family. */
  private static int seconds(WorkWindows windows, long millis) {
    WorkWindows.Recent recent = windows.recent(FAMILY, SLOT, millis);
    return recent.familySeconds() == recent.allSeconds() ? (int) recent.allSeconds() : -1;
  }

  /** Two requests begin a second whose cell still has another's work: both are counted. */
  @JCStressTest
  @Outcome(id = "3", expect = Expect.ACCEPTABLE, desc = "1 and 2, and nothing of what was there")
  @State
  public static class NewSecond {
    private final WorkWindows windows = new WorkWindows();

    /** Work of long ago is in the cell. */
    public NewSecond() {
      windows.add(FAMILY, SLOT, 9, MILLIS);
    }

    /** One request. */
    @Actor
    public void first() {
      windows.add(FAMILY, SLOT, 1, MUCH_LATER);
    }

    /** Another. */
    @Actor
    public void second() {
      windows.add(FAMILY, SLOT, 2, MUCH_LATER);
    }

    /** What is counted afterwards. */
    @Arbiter
    public void afterwards(I_Result result) {
      result.r1 = seconds(windows, MUCH_LATER);
    }
  }

  /** A request is added while another that is counted is taken back. */
  @JCStressTest
  @Outcome(id = "2", expect = Expect.ACCEPTABLE, desc = "only what was added")
  @State
  public static class TakenBack {
    private final WorkWindows windows = new WorkWindows();

    /** One request is counted. */
    public TakenBack() {
      windows.add(FAMILY, SLOT, 1, MILLIS);
    }

    /** It was refused. */
    @Actor
    public void refused() {
      windows.takeBack(FAMILY, SLOT, 1, MILLIS);
    }

    /** Another one. */
    @Actor
    public void added() {
      windows.add(FAMILY, SLOT, 2, MILLIS);
    }

    /** What is counted afterwards. */
    @Arbiter
    public void afterwards(I_Result result) {
      result.r1 = seconds(windows, MILLIS);
    }
  }

  /** A reader looks twice while a replica is given work twice: a sum never falls. */
  @JCStressTest
  @Outcome(
      id = {"0, 0", "0, 1", "0, 3", "1, 1", "1, 3", "3, 3"},
      expect = Expect.ACCEPTABLE,
      desc = "what was added so far, in its order")
  @State
  public static class Read {
    private final WorkWindows windows = new WorkWindows();

    /** Two requests. */
    @Actor
    public void writer() {
      windows.add(FAMILY, SLOT, 1, MILLIS);
      windows.add(FAMILY, SLOT, 2, MILLIS);
    }

    /** A decision, and the next. */
    @Actor
    public void reader(II_Result result) {
      result.r1 = (int) windows.recent(FAMILY, SLOT, MILLIS).allSeconds();
      result.r2 = (int) windows.recent(FAMILY, SLOT, MILLIS).allSeconds();
    }
  }
}
