package io.warmpath.routing.affinity;

import java.util.BitSet;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** Races on {@link AnchorTable}. The tables here have one set of four ways, so keys meet. */
public final class AnchorTableStress {

  private static final long OLDEST = 11;
  private static final long NEWCOMER = 99;

  private AnchorTableStress() {}

  /** A full set: {@link #OLDEST} is held by slot 1 and will be displaced next. */
  private static AnchorTable fullTable() {
    AnchorTable table = new AnchorTable(4);
    table.touch(OLDEST, 1, 10);
    table.touch(12, 2, 20);
    table.touch(13, 3, 20);
    table.touch(14, 4, 20);
    return table;
  }

  /** Slot numbers that the table names for {@code hash}, ascending. */
  private static String slots(AnchorTable table, long hash) {
    long[] holders = new long[AnchorTable.HOLDERS];
    if (!table.holders(hash, holders)) {
      return "unknown";
    }
    BitSet slots = new BitSet();
    for (long holder : holders) {
      if (holder != 0) {
        slots.set(AnchorTable.slotOf(holder));
      }
    }
    return slots.toString();
  }

  /** Two replicas get a known prefix at the same time. */
  @JCStressTest
  @Outcome(id = "\\{1, 7, 8\\}", expect = Expect.ACCEPTABLE, desc = "both are remembered")
  @Outcome(
      id = {"\\{1, 7\\}", "\\{1, 8\\}"},
      expect = Expect.ACCEPTABLE_INTERESTING,
      desc = "one touch is lost")
  @State
  public static class TwoTouches {
    private final AnchorTable table = fullTable();

    /** One replica. */
    @Actor
    public void first() {
      table.touch(OLDEST, 7, 30);
    }

    /** Another. */
    @Actor
    public void second() {
      table.touch(OLDEST, 8, 30);
    }

    /** Who holds it. */
    @Arbiter
    public void afterwards(L_Result result) {
      result.r1 = slots(table, OLDEST);
    }
  }

  /** Two replicas get the same new prefix at the same time. */
  @JCStressTest
  @Outcome(id = "\\{7, 8\\}", expect = Expect.ACCEPTABLE, desc = "both are remembered")
  @Outcome(
      id = {"\\{7\\}", "\\{8\\}"},
      expect = Expect.ACCEPTABLE_INTERESTING,
      desc = "one touch is lost, or lies in a second way")
  @State
  public static class TwoInserts {
    private final AnchorTable table = new AnchorTable(4);

    /** One replica. */
    @Actor
    public void first() {
      table.touch(NEWCOMER, 7, 30);
    }

    /** Another. */
    @Actor
    public void second() {
      table.touch(NEWCOMER, 8, 30);
    }

    /** Who holds it. */
    @Arbiter
    public void afterwards(L_Result result) {
      result.r1 = slots(table, NEWCOMER);
    }
  }

  /** A prefix is displaced while it is read: its reader is never told the other's holder. */
  @JCStressTest
  @Outcome(id = "\\{1\\}", expect = Expect.ACCEPTABLE, desc = "read before")
  @Outcome(id = "unknown", expect = Expect.ACCEPTABLE, desc = "displaced before")
  @State
  public static class ReadAndDisplace {
    private final AnchorTable table = fullTable();

    /** A decision asks. */
    @Actor
    public void read(L_Result result) {
      result.r1 = slots(table, OLDEST);
    }

    /** A new prefix takes the way. */
    @Actor
    public void displace() {
      table.touch(NEWCOMER, 9, 30);
    }
  }

  /** A prefix is displaced while another replica gets it. */
  @JCStressTest
  @Outcome(id = "\\{9\\}", expect = Expect.ACCEPTABLE, desc = "the newcomer alone")
  @Outcome(
      id = "\\{7, 9\\}",
      expect = Expect.ACCEPTABLE_INTERESTING,
      desc = "one wrong hint, as the class says")
  @Outcome(
      id = "unknown",
      expect = Expect.ACCEPTABLE_INTERESTING,
      desc = "the old one came back into the same way: one touch is lost")
  @State
  public static class TouchAndDisplace {
    private final AnchorTable table = fullTable();

    /** Another replica gets the old prefix. */
    @Actor
    public void touch() {
      table.touch(OLDEST, 7, 30);
    }

    /** A new prefix takes the way. */
    @Actor
    public void displace() {
      table.touch(NEWCOMER, 9, 30);
    }

    /** Who is told to hold the new one. */
    @Arbiter
    public void afterwards(L_Result result) {
      result.r1 = slots(table, NEWCOMER);
    }
  }

  /** A prefix is forgotten while its replica is touched again. */
  @JCStressTest
  @Outcome(id = "\\{1\\}", expect = Expect.ACCEPTABLE, desc = "touched after")
  @Outcome(id = "\\{\\}", expect = Expect.ACCEPTABLE, desc = "forgotten after")
  @State
  public static class ForgetAndTouch {
    private final AnchorTable table = fullTable();

    /** The decision found it gone. */
    @Actor
    public void forget() {
      table.forget(OLDEST, 1);
    }

    /** A request ends there. */
    @Actor
    public void touch() {
      table.touch(OLDEST, 1, 30);
    }

    /** Who holds it. */
    @Arbiter
    public void afterwards(L_Result result) {
      result.r1 = slots(table, OLDEST);
    }
  }

  /** A prefix is forgotten while its way is given to another. */
  @JCStressTest
  @Outcome(id = "\\{1\\}", expect = Expect.ACCEPTABLE, desc = "the newcomer is remembered")
  @Outcome(id = "\\{\\}", expect = Expect.ACCEPTABLE_INTERESTING, desc = "one touch is lost")
  @State
  public static class ForgetAndDisplace {
    private final AnchorTable table = fullTable();

    /** The decision found the old one gone. */
    @Actor
    public void forget() {
      table.forget(OLDEST, 1);
    }

    /** A new prefix takes the way. */
    @Actor
    public void displace() {
      table.touch(NEWCOMER, 1, 30);
    }

    /** Who holds the new one. */
    @Arbiter
    public void afterwards(L_Result result) {
      result.r1 = slots(table, NEWCOMER);
    }
  }
}
