package io.warmpath.agent;

/**
 * Measures how many prompt tokens an engine that does not tell it with each answer finds in its
 * cache, from a counter of all of them. Confined to the replica's event loop.
 */
final class CacheHits {

  /*
   * The counter says how many tokens of all prompts were found, not of which prompt. What a router
   * expected of each says who had them: expectations are scaled so that their sum agrees with the
   * counter. Of hits beyond all expectations each prompt gets a share of what was not expected of
   * it. So the sums are measured, and the number of one prompt is an estimate.
   *
   * A look at the counter comes a while after the prompts, so the sums of the looks before count:
   * each FORGETTING times as much as the next, those without a prompt left out. Before the first
   * look routers are believed, as much as by a few long prompts.
   *
   * What other clients ask of the engine behind the agent's back is counted as the agent's.
   */
  private static final double FORGETTING = 0.9;
  private static final double INITIAL_TOKENS = 4096;

  private double hits = INITIAL_TOKENS;
  private double expected = INITIAL_TOKENS;
  private double prompts = 2 * INITIAL_TOKENS;

  private long counter = -1;
  private boolean measured;
  private long expectedSinceLook;
  private long promptsSinceLook;

  /** A prompt was computed, of which so many tokens were expected in the cache. */
  void computed(int promptTokens, int expectedCachedTokens) {
    promptsSinceLook += promptTokens;
    expectedSinceLook += expectedCachedTokens;
  }

  /** The engine's counter stands there; negative when it has none. */
  void look(long hitTokens) {
    long found = hitTokens - counter;
    boolean begins = counter < 0 || found < 0;
    counter = hitTokens;
    if (hitTokens < 0) {
      measured = false;
    } else if (!begins && (found > 0 || promptsSinceLook > 0)) {
      measured = true;
      hits = FORGETTING * hits + found;
      expected = FORGETTING * expected + expectedSinceLook;
      prompts = FORGETTING * prompts + promptsSinceLook;
    }
    promptsSinceLook = 0;
    expectedSinceLook = 0;
  }

  /** Whether {@link #likely} goes by the counter; else it is what was expected. */
  boolean isMeasured() {
    return measured;
  }

  /** How many tokens of a prompt were most likely cached, 0..{@code promptTokens}. */
  int likely(int promptTokens, int expectedCachedTokens) {
    int most = Math.max(0, promptTokens);
    int believed = Math.clamp(expectedCachedTokens, 0, most);
    if (!measured) {
      return believed;
    }
    if (hits <= expected) {
      return (int) Math.round(believed * hits / expected);
    }
    double beyond = Math.min(1, (hits - expected) / Math.max(1, prompts - expected));
    return believed + (int) Math.round((most - believed) * beyond);
  }
}
