package io.warmpath.cli.sticky;

import java.util.Locale;

/**
 * What one run found.
 *
 * @param policy what decided
 * @param scenario {@code plain}, {@code replicaKilled} or {@code twoRouters}
 * @param rounds rounds of two calls
 * @param roundsFromCache rounds whose second call read from a cache
 * @param callHitRate share of all calls that read from a cache; at most half of them can
 * @param tokenHitRate of the second calls' prompt tokens, the share read from a cache
 * @param possibleTokenHitRate the most that share can be: engines keep whole blocks, and compute
 *     the last token of a prompt
 * @param cost of all calls, in the unit of the prices
 * @param unstickyCost the same had nothing been read from a cache
 */
public record StickyResult(
    String policy,
    String scenario,
    int rounds,
    int roundsFromCache,
    double callHitRate,
    double tokenHitRate,
    double possibleTokenHitRate,
    double cost,
    double unstickyCost) {

  /** The heading of {@link #row}s. */
  public static String heading() {
    return "%-14s %-14s %11s %10s %10s %10s %9s %9s"
        .formatted(
            "policy",
            "scenario",
            "from cache",
            "by call",
            "by token",
            "possible",
            "cost",
            "uncached");
  }

  /** One line of a table. */
  public String row() {
    return String.format(
        Locale.ROOT,
        "%-14s %-14s %6d/%-4d %8.2f %% %8.2f %% %8.2f %% %9.5f %9.5f",
        policy,
        scenario,
        roundsFromCache,
        rounds,
        100 * callHitRate,
        100 * tokenHitRate,
        100 * possibleTokenHitRate,
        cost,
        unstickyCost);
  }
}
