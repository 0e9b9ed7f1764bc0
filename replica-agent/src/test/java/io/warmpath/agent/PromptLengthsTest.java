package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.warmpath.testkit.SeededCases;
import org.junit.jupiter.api.Test;

final class PromptLengthsTest {

  private final PromptLengths lengths = new PromptLengths();

  @Test
  void likely_ofWhatNothingIsKnownOf_isTheEstimate() {
    assertThat(lengths.ratio()).isEqualTo(1);
    assertThat(lengths.likely(1_000)).isEqualTo(1_000);
  }

  @Test
  void ratio_afterHundredsOfPrompts_isTheirs() {
    SeededCases.run(
        20,
        random -> {
          PromptLengths learned = new PromptLengths();
          double tokensOfOne = random.nextDouble(0.3, 3);
          for (int i = 0; i < 500; i++) {
            int estimated = random.nextInt(50, 8_000);
            double noise = random.nextDouble(0.8, 1.2);
            learned.observe(estimated, Math.max(1, (int) (estimated * tokensOfOne * noise)));
          }
          assertThat(learned.ratio()).isCloseTo(tokensOfOne, within(0.05 * tokensOfOne));
        });
  }

  @Test
  void ratio_ofAnotherLanguage_followsWithinHundreds() {
    for (int i = 0; i < 500; i++) {
      lengths.observe(1_000, 500);
    }
    for (int i = 0; i < 500; i++) {
      lengths.observe(1_000, 2_000);
    }

    assertThat(lengths.ratio()).isCloseTo(2, within(0.05));
  }

  @Test
  void observe_ofNonsense_changesLittleOrNothing() {
    lengths.observe(0, 5);
    lengths.observe(5, 0);
    assertThat(lengths.ratio()).isEqualTo(1);

    lengths.observe(1, Integer.MAX_VALUE);
    assertThat(lengths.ratio()).isEqualTo(16);
    assertThat(lengths.likely(Integer.MAX_VALUE)).isEqualTo(Integer.MAX_VALUE);
  }
}
