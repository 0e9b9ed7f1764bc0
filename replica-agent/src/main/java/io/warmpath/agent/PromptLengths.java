package io.warmpath.agent;

/**
 * Learns how long prompts really are that a router, which has no tokenizer, took for four bytes a
 * token. One writer; any thread reads.
 */
final class PromptLengths {

  /*
   * The sum of true lengths over the sum of estimates. Each prompt weighs FORGETTING times as much
   * as the next, so that about the last hundred count: long ones more, as they are the work.
   */
  private static final double FORGETTING = 0.99;
  private static final double INITIAL_TOKENS = 4096;
  private static final double MOST = 16;

  private double estimated = INITIAL_TOKENS;
  private double actual = INITIAL_TOKENS;
  private volatile double ratio = 1;

  /** The engine says that a prompt that was taken for {@code estimatedTokens} had so many. */
  void observe(int estimatedTokens, int actualTokens) {
    if (estimatedTokens < 1 || actualTokens < 1) {
      return;
    }
    estimated = FORGETTING * estimated + estimatedTokens;
    actual = FORGETTING * actual + actualTokens;
    ratio = Math.clamp(actual / estimated, 1 / MOST, MOST);
  }

  /** True tokens for one estimated token, 1/16..16; 1 while nothing is known. */
  double ratio() {
    return ratio;
  }

  /** What {@code estimatedTokens} most likely are. */
  int likely(int estimatedTokens) {
    return (int) Math.min(Integer.MAX_VALUE, Math.round(estimatedTokens * ratio));
  }
}
