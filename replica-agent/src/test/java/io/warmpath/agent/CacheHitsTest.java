package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.Var;
import io.warmpath.testkit.SeededCases;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class CacheHitsTest {

  private final CacheHits hits = new CacheHits();

  @Test
  void likely_withoutACounter_isWhatWasExpected() {
    hits.look(-1);
    hits.computed(2_000, 1_500);
    hits.look(-1);
    assertThat(hits.isMeasured()).isFalse();
    assertThat(hits.likely(2_000, 1_500)).isEqualTo(1_500);
    assertThat(hits.likely(1_000, 1_500)).isEqualTo(1_000);
  }

  @Test
  void likely_sums_agreeWithTheCounter() {
    // What is cached is a share of what is expected, or more than it: to 3 % after 2,000 prompts.
    SeededCases.run(20, random -> checkSums(random.nextDouble(0, 1), 0, random));
    SeededCases.run(20, random -> checkSums(1, random.nextDouble(0, 1), random));
  }

  /** Cached is so much of what was expected, and so much of what was not. */
  private static void checkSums(double ofExpected, double ofOthers, SplittableRandom random) {
    CacheHits learned = new CacheHits();
    @Var long counter = 0;
    @Var long found = 0;
    @Var long said = 0;
    learned.look(counter);
    for (int i = 0; i < 4_000; i++) {
      int prompt = random.nextInt(1, 8_000);
      int expected = random.nextInt(prompt + 1);
      double noise = random.nextDouble(0.8, 1.2);
      double cached = ofExpected * expected + ofOthers * (prompt - expected);
      int hit = (int) Math.min(prompt, cached * noise);
      counter += hit;
      learned.computed(prompt, expected);
      if (i >= 2_000) {
        found += hit;
        int likely = learned.likely(prompt, expected);
        assertThat(likely).isBetween(0, prompt);
        said += likely;
      }
      if (random.nextInt(10) == 0) {
        learned.look(counter);
      }
    }
    assertThat((double) said).isCloseTo((double) found, within(0.03 * found + 2_000));
  }

  @Test
  void look_counterThatBeganAnew_isNoMeasurement() {
    hits.look(5_000_000);
    hits.computed(2_000, 1_000);
    hits.look(0);
    assertThat(hits.isMeasured()).isFalse();
    hits.computed(2_000, 1_000);
    hits.look(1_000);
    assertThat(hits.isMeasured()).isTrue();
    assertThat(hits.likely(2_000, 1_000)).isEqualTo(1_000);
  }
}
