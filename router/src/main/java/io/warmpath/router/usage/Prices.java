package io.warmpath.router.usage;

/**
 * What a model's tokens cost, in a currency that is the operator's to know.
 *
 * @param prompt a million prompt tokens that the engine computed, 0..1,000,000
 * @param cached a million prompt tokens that it read from its cache, 0..{@code prompt}
 * @param completion a million completion tokens, 0..1,000,000
 */
public record Prices(double prompt, double cached, double completion) {

  /** Everything is free. */
  public static final Prices FREE = new Prices(0, 0, 0);

  private static final double HIGHEST = 1e6;
  private static final double TOKENS_OF_A_PRICE = 1e6;

  /** A price a million is a thousandth of this in billionths a token. */
  private static final double NANOS_OF_A_MILLIONTH = 1e3;

  public Prices {
    range("prompt", prompt, HIGHEST);
    range("cached", cached, prompt);
    range("completion", completion, HIGHEST);
  }

  /** What so many tokens cost; {@code cachedTokens} are among the {@code promptTokens}. */
  public double cost(long promptTokens, long cachedTokens, long completionTokens) {
    return millionths(promptTokens, cachedTokens, completionTokens) / TOKENS_OF_A_PRICE;
  }

  /** Billionths, rounded; exact for prices with up to three decimals. */
  long costNanos(UsageCounts counts) {
    double units =
        millionths(counts.promptTokens(), counts.cachedTokens(), counts.completionTokens());
    return Math.round(units * NANOS_OF_A_MILLIONTH);
  }

  private double millionths(long promptTokens, long cachedTokens, long completionTokens) {
    return (promptTokens - cachedTokens) * prompt
        + cachedTokens * cached
        + completionTokens * completion;
  }

  /** Likewise, what the cached tokens would have cost more at the full price. */
  long savedNanos(UsageCounts counts) {
    return Math.round(counts.cachedTokens() * (prompt - cached) * NANOS_OF_A_MILLIONTH);
  }

  private static void range(String name, double value, double high) {
    if (!(value >= 0 && value <= high)) {
      throw new IllegalArgumentException(
          "prices." + name + ": " + value + ", allowed: 0 to " + high);
    }
  }
}
