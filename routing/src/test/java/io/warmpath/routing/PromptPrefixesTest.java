package io.warmpath.routing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.warmpath.testkit.SeededCases;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class PromptPrefixesTest {

  private static final PromptPrefixes PREFIXES = new PromptPrefixes(PlacementConfig.Prefix.DEFAULT);
  private static final PromptPrefixes.Scope SCOPE = PromptPrefixes.Scope.of("m");

  private static int[] tokens(int count) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = i * 7;
    }
    return tokens;
  }

  @Test
  void family_anyLength_isTheFirst1024TokensOrTheDeepestFullStep() {
    PromptPrefix longest = PREFIXES.ofTokens(SCOPE, tokens(5000), 5000);
    assertThat(longest.family()).isEqualTo(longest.stepHash(7));
    assertThat(PREFIXES.ofTokens(SCOPE, tokens(5000), 1024).family()).isEqualTo(longest.family());
    assertThat(PREFIXES.ofTokens(SCOPE, tokens(5000), 700).family()).isEqualTo(longest.stepHash(4));
    PromptPrefix tiny = PREFIXES.ofTokens(SCOPE, tokens(127), 127);
    assertThat(tiny.family()).isZero();
    assertThat(tiny.stepCount()).isZero();
    assertThat(tiny.promptTokens()).isEqualTo(127);
  }

  @Test
  void textWithKnownTokens_isThoseTokensAndThenBytes() {
    byte[] text = "a text of some length; ".repeat(500).getBytes(StandardCharsets.UTF_8);
    PromptPrefix inTokens = PREFIXES.ofTokens(SCOPE, tokens(1024), 1024);
    PromptPrefix prompt = PREFIXES.ofText(SCOPE, tokens(1024), text, 4800, 0);
    assertThat(prompt.family()).isEqualTo(inTokens.family());
    for (int step = 0; step < 8; step++) {
      assertThat(prompt.stepHash(step)).isEqualTo(inTokens.stepHash(step));
    }
    // 4,800 bytes in 8 steps are 600 a step.
    assertThat(prompt.stepCount()).isEqualTo(8 + (text.length - 4800) / 600);
    assertThat(prompt.promptTokens())
        .isEqualTo(1024 + Math.ceilDiv((text.length - 4800) * 1024, 4800));
    byte[] other = text.clone();
    other[4800 + 2 * 600]++;
    PromptPrefix parts = PREFIXES.ofText(SCOPE, tokens(1024), other, 4800, 0);
    assertThat(parts.stepHash(9)).isEqualTo(prompt.stepHash(9));
    assertThat(parts.stepHash(10)).isNotEqualTo(prompt.stepHash(10));
  }

  @Test
  void textWithKnownTokens_andKnownLength_hasNoMoreStepsThanThatHolds() {
    byte[] text = "x".repeat(9600).getBytes(StandardCharsets.UTF_8);
    PromptPrefix prompt = PREFIXES.ofText(SCOPE, tokens(1024), text, 4800, 1300);
    assertThat(prompt.promptTokens()).isEqualTo(1300);
    assertThat(prompt.stepCount()).isEqualTo(1300 / 128);
    PromptPrefix whole = PREFIXES.ofText(SCOPE, tokens(300), text, 9000, 300);
    assertThat(whole.stepCount()).isEqualTo(2);
    assertThat(whole.promptTokens()).isEqualTo(300);
    PromptPrefix none = PREFIXES.ofText(SCOPE, new int[0], text, 0, 0);
    assertThat(none.stepHash(1))
        .isEqualTo(PREFIXES.ofBytes(SCOPE, text, 0, text.length).stepHash(1));
  }

  @Test
  void prefix_otherModelAdapterOrSalt_sharesNothing() {
    Set<Long> firstSteps = new HashSet<>();
    for (PromptPrefixes.Scope scope :
        new PromptPrefixes.Scope[] {
          SCOPE,
          PromptPrefixes.Scope.of("n"),
          new PromptPrefixes.Scope("m", "lora", "", ""),
          new PromptPrefixes.Scope("m", "", "lora", "")
        }) {
      firstSteps.add(PREFIXES.ofTokens(scope, tokens(200), 200).stepHash(0));
    }
    assertThat(firstSteps).hasSize(4);
  }

  @Test
  void promptCacheKey_changesTheFamilyAndNotTheSteps() {
    PromptPrefixes.Scope keyed = new PromptPrefixes.Scope("m", "", "", "user-1");
    PromptPrefix plain = PREFIXES.ofTokens(SCOPE, tokens(2000), 2000);
    PromptPrefix grouped = PREFIXES.ofTokens(keyed, tokens(2000), 2000);
    assertThat(grouped.family()).isNotEqualTo(plain.family()).isNotZero();
    assertThat(grouped.stepHash(14)).isEqualTo(plain.stepHash(14));
    assertThat(PREFIXES.ofTokens(keyed, tokens(10), 10).family()).isNotZero();
  }

  @Test
  void text_isCutIntoStepsOfFourBytesAToken() {
    byte[] text = "x".repeat(1500).getBytes(StandardCharsets.UTF_8);
    PromptPrefix prefix = PREFIXES.ofBytes(SCOPE, text, 0, 1030);
    assertThat(prefix.stepCount()).isEqualTo(2);
    assertThat(prefix.promptTokens()).isEqualTo(258);
  }

  @Test
  void ladder_anyLength_namesEachStepOnceWithBothEnds() {
    SeededCases.run(
        500,
        random -> {
          int steps = random.nextInt(3000);
          Set<Integer> seen = new HashSet<>();
          AnchorLadder.forEach(
              steps, 8, step -> assertThat(seen.add(step)).as("step %s", step).isTrue());
          assertThat(seen).allMatch(step -> step >= 0 && step < steps);
          assertThat(seen).hasSizeLessThan(40);
          for (@Var int step = 0; step < Math.min(8, steps); step++) {
            assertThat(seen).contains(step);
          }
          for (@Var int back = 1; back <= Math.min(5, steps); back++) {
            assertThat(seen).contains(steps - back);
          }
        });
  }
}
