package io.warmpath.routing;

/**
 * What affinity would have done with the requests that shadow mode placed without it. Tokens grow
 * from the start; the two balances are of the recent past.
 *
 * @param promptTokens prompt tokens of these requests
 * @param cachedTokens of them, expected in the cache of the replica that got the request
 * @param affinityCachedTokens of them, expected in the cache of the one that affinity chose
 * @param workMaxToMean prefill work given to the busiest replica over the mean of all, 0 for none
 * @param affinityWorkMaxToMean the same, had affinity chosen
 */
public record ShadowCounters(
    long promptTokens,
    long cachedTokens,
    long affinityCachedTokens,
    double workMaxToMean,
    double affinityWorkMaxToMean) {

  /** Nothing was placed in shadow mode. */
  public static final ShadowCounters NONE = new ShadowCounters(0, 0, 0, 0, 0);
}
