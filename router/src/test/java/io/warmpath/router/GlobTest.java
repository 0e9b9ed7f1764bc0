package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class GlobTest {

  private static final String LETTERS = "ab*?";

  private static String random(Random random, int maxLength, int letters) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(maxLength) + 1; i > 0; i--) {
      text.append(LETTERS.charAt(random.nextInt(letters)));
    }
    return text.toString();
  }

  private static boolean matchesByRegex(String pattern, String name) {
    return Pattern.matches(pattern.replace("*", ".*").replace('?', '.'), name);
  }

  @Test
  void randomPatterns_matchAsARegularExpressionDoes() {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      String pattern = random(random, 6, 4);
      String name = random(random, 8, 2);
      assertThat(new Glob(pattern).matches(name))
          .as("%s of %s", pattern, name)
          .isEqualTo(matchesByRegex(pattern, name));
    }
  }

  @Test
  void patternThatCoversAnother_matchesAllOfItsNames() {
    Random random = new Random(2);
    int[] covered = new int[1];
    for (int i = 0; i < 20_000; i++) {
      Glob wide = new Glob(random(random, 4, 4));
      Glob narrow = new Glob(random(random, 5, 4));
      String name = random(random, 6, 2);
      if (wide.covers(narrow) && narrow.matches(name)) {
        covered[0]++;
        assertThat(wide.matches(name)).as("%s covers %s: %s", wide, narrow, name).isTrue();
      }
    }
    assertThat(covered[0]).isGreaterThan(100);
  }

  @Test
  void manyStars_takeNoExponentialTime() {
    assertThat(new Glob("a*".repeat(200) + "b").matches("a".repeat(512))).isFalse();
  }

  @Test
  void emptyPattern_isRefused() {
    assertThatThrownBy(() -> new Glob("")).isInstanceOf(IllegalArgumentException.class);
  }
}
