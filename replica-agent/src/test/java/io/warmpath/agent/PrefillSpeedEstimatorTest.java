package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.testkit.SeededCases;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PrefillSpeedEstimatorTest {

  private static final PrefillSpeed INITIAL = new PrefillSpeed(20_000, 0.01);

  @Test
  void speed_nothingSeen_isTheInitialGuess() {
    PrefillSpeed speed = new PrefillSpeedEstimator(INITIAL).speed();
    assertThat(speed.tokensPerSecond()).isCloseTo(20_000, within(1e-6));
    assertThat(speed.overheadSeconds()).isCloseTo(0.01, within(1e-12));
  }

  @Test
  void speed_noisyEngine_isFound() {
    SeededCases.run(
        200,
        random -> {
          PrefillSpeed truth =
              new PrefillSpeed(random.nextDouble(2_000, 60_000), random.nextDouble(0, 0.03));
          PrefillSpeedEstimator estimator = new PrefillSpeedEstimator(INITIAL);
          for (int i = 0; i < 300; i++) {
            int tokens = tokens(random);
            double noise = 1 + 0.1 * random.nextGaussian();
            double pause = random.nextInt(50) == 0 ? 2 : 0;
            estimator.observe(Math.max(0, truth.seconds(tokens) * noise) + pause, 1, tokens, 1);
          }
          assertThat(estimator.speed().seconds(8_000))
              .isCloseTo(truth.seconds(8_000), within(0.15 * truth.seconds(8_000)));
        });
  }

  @Test
  void speed_engineBecomesSlower_isFollowed() {
    PrefillSpeedEstimator estimator = new PrefillSpeedEstimator(INITIAL);
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 300; i++) {
      int tokens = tokens(random);
      estimator.observe(INITIAL.seconds(tokens), 1, tokens, 1);
    }
    PrefillSpeed slower = new PrefillSpeed(2_000, 0.05);
    for (int i = 0; i < 600; i++) {
      int tokens = tokens(random);
      estimator.observe(slower.seconds(tokens), 1, tokens, 1);
    }
    assertThat(estimator.speed().seconds(4_000))
        .isCloseTo(slower.seconds(4_000), within(0.1 * slower.seconds(4_000)));
  }

  @Test
  void speed_severalPromptsInOneStep_addUpToTheStepsTime() {
    PrefillSpeedEstimator estimator = new PrefillSpeedEstimator(INITIAL);
    for (int i = 0; i < 200; i++) {
      estimator.observe(0.05, 2, 2_000, 1);
    }
    assertThat(2 * estimator.speed().seconds(1_000)).isCloseTo(0.05, within(0.005));
  }

  @Test
  void speed_onlyCachedPrompts_keepsTheRate() {
    PrefillSpeedEstimator estimator = new PrefillSpeedEstimator(INITIAL);
    for (int i = 0; i < 5_000; i++) {
      estimator.observe(0.02, 1, 16, 1);
    }
    assertThat(estimator.speed().overheadSeconds()).isCloseTo(0.02, within(0.002));
    assertThat(estimator.speed().tokensPerSecond()).isBetween(10_000.0, 40_000.0);
  }

  @Test
  void speed_anyObservations_isAlwaysUsable() {
    SeededCases.run(
        500,
        random -> {
          PrefillSpeedEstimator estimator = new PrefillSpeedEstimator(INITIAL);
          for (int i = 0; i < 100; i++) {
            @Var double seconds = random.nextDouble();
            seconds = random.nextInt(4) == 0 ? seconds * 1e6 : seconds * 1e-3;
            estimator.observe(
                seconds, 1, random.nextInt(4) == 0 ? 0 : random.nextInt(1_000_000), 1);
            // The record refuses what is not finite or not positive.
            assertThat(estimator.speed().seconds(1000)).isPositive();
          }
        });
  }

  private static int tokens(SplittableRandom random) {
    return (int) Math.exp(random.nextDouble(Math.log(50), Math.log(30_000)));
  }
}
