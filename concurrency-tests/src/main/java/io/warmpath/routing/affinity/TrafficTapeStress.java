package io.warmpath.routing.affinity;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Races on {@link TrafficTape}. */
public final class TrafficTapeStress {

  private static final int TORN = -1000;

  private TrafficTapeStress() {}

  /** Records a use whose three parts belong together. */
  private static void record(TrafficTape tape, int number) {
    tape.record(number, 10L * number, 100.0 * number);
  }

  /** Returns the sum of the numbers of all records that are there, or below 0 for a torn one. */
  private static int drain(TrafficTape tape) {
    int[] sum = new int[1];
    tape.drain((key, parent, work) ->
        sum[0] += parent == 10 * key && work == 100.0 * key ? (int) key : TORN);
    return sum[0];
  }

  /** Two uses are recorded while the tape is drained; it is drained again afterwards. */
  @JCStressTest
  @Outcome(
      id = {"0, 3", "1, 2", "3, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "each is read once")
  @Outcome(
      id = {"0, 2", "1, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "what was being written when the reader passed is lost")
  @State
  public static class Drained {
    private final TrafficTape tape = new TrafficTape();

    /** The data path. */
    @Actor
    public void writer() {
      record(tape, 1);
      record(tape, 2);
    }

    /** The updating thread. */
    @Actor
    public void reader(II_Result result) {
      result.r1 = drain(tape);
    }

    /** Its next turn. */
    @Arbiter
    public void afterwards(II_Result result) {
      result.r2 = drain(tape);
    }
  }
}
