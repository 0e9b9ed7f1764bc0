package io.warmpath.router.usage;

/**
 * What some requests used together.
 *
 * @param requests answers that came to their end
 * @param estimatedRequests of these, those whose engine reported no counts
 * @param promptTokens tokens of their prompts
 * @param cachedTokens of these, those that the engines said they had read from their caches
 * @param completionTokens tokens of the answers
 * @param costNanos billionths of the unit that the prices are in
 * @param savedNanos what the cached tokens would have cost more at the full price, likewise
 */
public record UsageCounts(
    long requests,
    long estimatedRequests,
    long promptTokens,
    long cachedTokens,
    long completionTokens,
    long costNanos,
    long savedNanos) {

  /** Nothing. */
  public static final UsageCounts ZERO = new UsageCounts(0, 0, 0, 0, 0, 0, 0);

  /**
   * Returns the counts of one request that nobody has priced yet.
   *
   * @param estimated whether the engine reported no counts
   */
  public static UsageCounts ofRequest(
      long promptTokens, long cachedTokens, long completionTokens, boolean estimated) {
    return new UsageCounts(
        1, estimated ? 1 : 0, promptTokens, cachedTokens, completionTokens, 0, 0);
  }

  /** Returns both together. */
  public UsageCounts plus(UsageCounts more) {
    return new UsageCounts(
        requests + more.requests,
        estimatedRequests + more.estimatedRequests,
        promptTokens + more.promptTokens,
        cachedTokens + more.cachedTokens,
        completionTokens + more.completionTokens,
        costNanos + more.costNanos,
        savedNanos + more.savedNanos);
  }

  /** Returns the same at {@code prices}. */
  UsageCounts at(Prices prices) {
    return new UsageCounts(
        requests,
        estimatedRequests,
        promptTokens,
        cachedTokens,
        completionTokens,
        prices.costNanos(this),
        prices.savedNanos(this));
  }

  /** Prompt and completion tokens. */
  long tokens() {
    return promptTokens + completionTokens;
  }
}
