package io.warmpath.routing.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.fleet.Calibration.Basis;
import io.warmpath.routing.fleet.Calibration.Guess;
import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

final class PendingWorkTest {

  private static final long SECOND = 1_000_000_000L;

  private static PendingWork pending(double seconds) {
    return new PendingWork(seconds, 0, new Calibration());
  }

  @Test
  void seconds_asTimePasses_fallToZero() {
    PendingWork pending = pending(2);
    assertThat(pending.seconds(SECOND / 2)).isCloseTo(1.5, within(1e-9));
    assertThat(pending.seconds(5 * SECOND)).isZero();
    pending.tryAdd(1, 10, 5 * SECOND);
    assertThat(pending.seconds(5 * SECOND)).isEqualTo(1);
  }

  @Test
  void report_soonAfterAnAnswer_isIgnoredAndALaterOneCounts() {
    PendingWork pending = pending(0);
    pending.answered(3, SECOND);
    pending.reported(0.5, SECOND + SECOND / 2);
    assertThat(pending.seconds(SECOND + SECOND / 2)).isCloseTo(2.5, within(1e-9));
    pending.reported(0.5, 3 * SECOND);
    assertThat(pending.seconds(3 * SECOND)).isEqualTo(0.5);
  }

  @Test
  void unknown_belowTheMean_isRaisedToIt() {
    PendingWork pending = pending(0);
    pending.unknown(2, SECOND);
    assertThat(pending.seconds(SECOND)).isEqualTo(2);
    pending.tryAdd(1, 10, SECOND);
    pending.unknown(2, SECOND);
    assertThat(pending.seconds(SECOND)).isEqualTo(3);
  }

  @Test
  void tryAdd_manyThreadsAtOneCap_neverPassItTogether() throws Exception {
    for (int round = 0; round < 50; round++) {
      PendingWork pending = pending(0);
      int threads = 4;
      CyclicBarrier start = new CyclicBarrier(threads);
      @Var int taken = 0;
      try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
        List<Future<Integer>> counts = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
          counts.add(
              pool.submit(() -> {
                start.await();
                @Var int count = 0;
                for (int i = 0; i < 1000; i++) {
                  if (pending.tryAdd(1, 9, 0)) {
                    count++;
                  }
                }
                return count;
              }));
        }
        for (Future<Integer> count : counts) {
          taken += count.get();
        }
      }
      assertThat(taken).isEqualTo(10);
      assertThat(pending.seconds(0)).isEqualTo(10);
    }
  }

  @Test
  void calibration_oldBeliefs_areDrawnToWhatAnswersShowed() {
    Calibration calibration = new Calibration();
    SeededCases.run(
        1,
        random -> {
          for (int i = 0; i < 4000; i++) {
            double belief = 2 * random.nextDouble();
            double noise = 0.2 * (random.nextInt(2) * 2 - 1);
            calibration.answered(new Guess(Basis.REPORT, belief), 0.4 + 0.5 * belief + noise);
          }
        });
    calibration.learn();
    Calibration.Line line = calibration.line(Basis.REPORT);
    assertThat(line.intercept()).isCloseTo(0.4, within(0.03));
    assertThat(line.slope()).isCloseTo(0.5, within(0.03));
    assertThat(line.deviation()).isCloseTo(0.2, within(0.01));

    PendingWork pending = new PendingWork(1, 0, calibration);
    assertThat(pending.seconds(0)).isCloseTo(0.9, within(0.06));
    assertThat(pending.optimisticSeconds(0)).isCloseTo(0.75, within(0.06));
    pending.answered(1, SECOND);
    assertThat(pending.seconds(SECOND)).isEqualTo(1);
    assertThat(pending.optimisticSeconds(SECOND)).isEqualTo(1);
    assertThat(pending.seconds(SECOND + SECOND / 10))
        .as("what rests on an answer is not judged by what reports were worth")
        .isCloseTo(0.9, within(1e-9));
  }

  @Test
  void calibration_fewAnswers_changesNothing() {
    Calibration calibration = new Calibration();
    calibration.answered(new Guess(Basis.REPORT, 0), 9);
    calibration.learn();
    assertThat(calibration.line(Basis.REPORT).truth(2)).isEqualTo(2);
  }
}
