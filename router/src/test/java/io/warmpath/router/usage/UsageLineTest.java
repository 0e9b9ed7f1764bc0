package io.warmpath.router.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.testkit.SeededCases;
import java.time.LocalDate;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class UsageLineTest {

  private static final LocalDate DAY = LocalDate.of(2026, 11, 21);
  private static final String LETTERS = "ab ,\"\u00e9;-\\";

  @Test
  void text_ofAnyNames_isReadBackEqual() {
    SeededCases.run(
        2_000,
        random -> {
          UsageKey key =
              new UsageKey(
                  name(random),
                  name(random),
                  random.nextInt(4) - 1,
                  List.of(SessionClass.values()).get(random.nextInt(4)));
          UsageCounts counts =
              new UsageCounts(
                  random.nextLong(1 << 20),
                  random.nextLong(1 << 20),
                  random.nextLong(1L << 50),
                  random.nextLong(1L << 50),
                  random.nextLong(1L << 50),
                  random.nextLong(1L << 60),
                  random.nextLong(1 << 10));
          UsageLine line = new UsageLine(DAY, key, counts);
          assertThat(UsageLine.parse(line.text())).isEqualTo(line);
        });
  }

  @Test
  void text_isWhatSpreadsheetsRead() {
    UsageKey key = new UsageKey("a, \"b\"", "m", 0xab, SessionClass.PROMPT_CACHE_KEY);
    UsageCounts counts = new UsageCounts(2, 1, 300, 100, 20, 1_500_000_000L, 25);
    assertThat(new UsageLine(DAY, key, counts).text())
        .isEqualTo(
            "2026-11-21,\"a, \"\"b\"\"\",m,00000000000000ab,promptCacheKey,2,1,300,100,20,"
                + "1.500000000,0.000000025");
  }

  @Test
  void parse_whatIsNoLine_isRefused() {
    String good = new UsageLine(DAY, key("t"), UsageCounts.ZERO).text();
    for (String bad :
        List.of(
            "",
            good + ",1",
            good.replace("2026-11-21", "yesterday"),
            good.replace("none", "some"),
            good.replace(",0,", ",x,"),
            good.replace("0.000000000", "1/2"))) {
      assertThatThrownBy(() -> UsageLine.parse(bad))
          .as(bad)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static UsageKey key(String tenant) {
    return new UsageKey(tenant, "m", UsageKey.NO_FAMILY, SessionClass.NONE);
  }

  private static String name(RandomGenerator random) {
    StringBuilder name = new StringBuilder();
    random
        .ints(random.nextInt(6), 0, LETTERS.length())
        .forEach(i -> name.append(LETTERS.charAt(i)));
    return name.toString();
  }
}
