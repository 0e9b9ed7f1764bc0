package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.Var;
import io.warmpath.agent.PrefillTimes.Observation;
import io.warmpath.routing.PrefillSpeed;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class PrefillTimesTest {

  private static final PrefillSpeed INITIAL = new PrefillSpeed(20_000, 0.01);

  private final PrefillTimes times = new PrefillTimes(new PrefillSpeedEstimator(INITIAL), 0);

  @Test
  void queuedPrompts_takeTheTimeSinceTheOneBefore() {
    // All 200 are at the engine from the beginning; one is done each 100 ms.
    for (int i = 1; i <= 200; i++) {
      times.known(times.computed(0, millis(100L * i)), 4_000);
    }
    assertThat(times.speed().seconds(4_000)).isCloseTo(0.1, within(0.005));
  }

  @Test
  void promptsOfOneStep_shareItsTime() {
    @Var long now = 0;
    for (int i = 0; i < 200; i++) {
      long begin = now;
      now += millis(100);
      Observation first = times.computed(begin, now);
      Observation second = times.computed(begin, now + 1_000);
      assertThat(second).isSameAs(first);
      times.known(second, 1_000);
      times.known(first, 1_000);
      now += millis(50);
    }
    assertThat(times.speed().seconds(1_000)).isCloseTo(0.05, within(0.003));
  }

  @Test
  void promptOfUnknownLength_spoilsItsStepOnly() {
    times.known(times.computed(0, millis(900)), 4_000);
    Observation first = times.computed(millis(1_000), millis(9_000));
    Observation second = times.computed(millis(1_000), millis(9_000));
    times.known(first, 10);
    times.known(second, -1);
    Observation third = times.computed(millis(10_000), millis(10_200));
    times.known(third, 4_000);
    PrefillSpeedEstimator firstPromptOnly = new PrefillSpeedEstimator(INITIAL);
    firstPromptOnly.observe(0.9, 1, 4_000, 0.1);
    assertThat(times.speed()).isEqualTo(firstPromptOnly.speed());
  }

  private static long millis(long millis) {
    return TimeUnit.MILLISECONDS.toNanos(millis);
  }
}
