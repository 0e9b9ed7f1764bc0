package io.warmpath.routing.replica;

/**
 * A request at a replica, from arrival to first token. Identity, not value: queue and caller hold
 * the same object.
 */
public final class QueuedRequest {

  private final int promptTokens;
  private final int expectedCachedTokens;
  private final int priority;
  private final long arrivalNanos;

  /**
   * Describes a request.
   *
   * @param promptTokens length of the prompt
   * @param expectedCachedTokens of these, expected in the cache, 0..promptTokens
   * @param priority the client's class, smaller first
   * @param arrivalNanos ticker reading when it arrived
   */
  public QueuedRequest(
      int promptTokens, int expectedCachedTokens, int priority, long arrivalNanos) {
    if (promptTokens < 0 || expectedCachedTokens < 0 || expectedCachedTokens > promptTokens) {
      throw new IllegalArgumentException(
          "promptTokens: " + promptTokens + ", expectedCachedTokens: " + expectedCachedTokens);
    }
    this.promptTokens = promptTokens;
    this.expectedCachedTokens = expectedCachedTokens;
    this.priority = priority;
    this.arrivalNanos = arrivalNanos;
  }

  /** Length of the prompt. */
  public int promptTokens() {
    return promptTokens;
  }

  /** Prompt tokens that are expected in the cache. */
  public int expectedCachedTokens() {
    return expectedCachedTokens;
  }

  /** Prompt tokens that the replica is expected to compute. */
  public int expectedComputedTokens() {
    return promptTokens - expectedCachedTokens;
  }

  /** The client's class, smaller first. */
  public int priority() {
    return priority;
  }

  /** Ticker reading when it arrived. */
  public long arrivalNanos() {
    return arrivalNanos;
  }
}
