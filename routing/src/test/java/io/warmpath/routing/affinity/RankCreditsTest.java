package io.warmpath.routing.affinity;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RankCreditsTest {

  private static final int LONG_PROMPT = 100_000;

  private final RankCredits credits = new RankCredits();

  private void learn(int rank, int cachedTokens, int times) {
    for (int i = 0; i < times; i++) {
      credits.learn(rank, cachedTokens);
    }
  }

  @Test
  void tokens_areTheMeanOfWhatWasFound_eachRankItsOwn() {
    learn(0, 2_000, 200);
    learn(1, 500, 200);

    assertThat(credits.tokens(0, LONG_PROMPT)).isBetween(1_990, 2_000);
    assertThat(credits.tokens(1, LONG_PROMPT)).isBetween(495, 500);
    assertThat(credits.tokens(2, LONG_PROMPT)).isZero();
    assertThat(credits.tokens(0, 300)).isEqualTo(300);
  }

  @Test
  void tokens_ofTheFirst_areNeverBelowAStep() {
    assertThat(credits.tokens(0, LONG_PROMPT)).isEqualTo(RankCredits.FIRST_TOKENS);

    // A router that only sees what nobody has sent before finds nothing; others find it after it.
    learn(0, 0, 200);

    assertThat(credits.tokens(0, LONG_PROMPT)).isEqualTo(RankCredits.FIRST_TOKENS);
    assertThat(credits.tokens(1, LONG_PROMPT)).isZero();
  }
}
