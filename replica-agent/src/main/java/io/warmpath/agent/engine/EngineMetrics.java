package io.warmpath.agent.engine;

/**
 * What an engine's metrics page says, over all its ranks. Counters only grow while the engine
 * lives.
 *
 * @param runningRequests requests in the batch
 * @param waitingRequests requests queued in the engine
 * @param kvUsageRatio share of the KV cache held by running requests, 0..1, mean over ranks
 * @param kvCapacityTokens tokens that the cache holds, 0 when the engine does not say
 * @param blockSizeTokens tokens a block, 0 when the engine does not say
 * @param preemptions requests that lost their place to others, since the engine started
 * @param prefixQueryTokens prompt tokens looked up in the prefix cache
 * @param prefixHitTokens of these, found; -1 when the engine does not count them
 * @param promptTokens prompt tokens processed
 * @param generatedTokens tokens decoded
 * @param prefillSeconds time that requests spent in prefill, 0 when the engine does not say
 * @param startSeconds Unix time at which the engine's process started, 0 when it does not say
 * @param awake whether the engine is not asleep with its weights or cache unloaded
 */
public record EngineMetrics(
    int runningRequests,
    int waitingRequests,
    double kvUsageRatio,
    long kvCapacityTokens,
    int blockSizeTokens,
    long preemptions,
    long prefixQueryTokens,
    long prefixHitTokens,
    long promptTokens,
    long generatedTokens,
    double prefillSeconds,
    double startSeconds,
    boolean awake) {

  /** Tokens of the cache that running requests hold, 0 when the capacity is unknown. */
  public long kvUsedTokens() {
    return Math.round(kvUsageRatio * kvCapacityTokens);
  }

  /**
   * Whether the engine that said this is another process than the one that said {@code earlier}.
   */
  public boolean isRestartSince(EngineMetrics earlier) {
    return (startSeconds != 0 && earlier.startSeconds != 0 && startSeconds != earlier.startSeconds)
        || promptTokens < earlier.promptTokens
        || generatedTokens < earlier.generatedTokens
        || prefixQueryTokens < earlier.prefixQueryTokens;
  }
}
