package io.warmpath.simulator.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class TokenIdsTest {

  private final TokenIds tokens = new TokenIds(16, 32_000);

  private static TraceRequest request(int promptTokens, long... ids) {
    return new TraceRequest(0, promptTokens, 1, ids, null);
  }

  @Test
  void equalBlocks_giveEqualTokens() {
    int[] first = tokens.prompt(request(40, 5, 6, 7));
    int[] second = tokens.prompt(request(48, 5, 6, 8));
    assertThat(first).hasSize(40);
    assertThat(second).hasSize(48).startsWith(Arrays.copyOf(first, 32));
    assertThat(second[32]).isNotEqualTo(first[32]);
  }

  @Test
  void partialBlock_isTheBeginningOfTheFullOne() {
    int[] partial = tokens.prompt(request(20, 5, 6));
    int[] full = tokens.prompt(request(32, 5, 6));
    assertThat(full).startsWith(partial);
  }

  @Test
  void tokens_areNoSpecialOnesAndInTheVocabulary() {
    int[] prompt = tokens.prompt(request(1600, new long[100]));
    assertThat(Arrays.stream(prompt).allMatch(token -> token >= 256 && token < 32_000)).isTrue();
  }
}
