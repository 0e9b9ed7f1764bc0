package io.warmpath.simulator.server;

import io.warmpath.simulator.engine.EngineModel;

/**
 * What an engine holds at one moment, for tests.
 *
 * @param runningRequests requests in the batch
 * @param waitingRequests requests accepted and not in the batch
 * @param unfinishedRequests requests accepted whose answer has not ended
 * @param usedBlocks blocks in use by running requests
 * @param cachedBlocks blocks with cached content, in use or not
 * @param queriedTokens prompt tokens looked up in the cache
 * @param hitTokens prompt tokens found there
 * @param preemptions requests that lost their blocks
 * @param evictions blocks whose content was evicted
 * @param evictionMarkNanos last touch of the most recently evicted block on the system's monotonic
 *     clock; meaningless without evictions
 */
public record EngineSnapshot(
    int runningRequests,
    int waitingRequests,
    int unfinishedRequests,
    int usedBlocks,
    int cachedBlocks,
    long queriedTokens,
    long hitTokens,
    long preemptions,
    long evictions,
    long evictionMarkNanos) {

  static EngineSnapshot of(EngineModel model, EngineMetrics metrics) {
    return new EngineSnapshot(
        model.runningCount(),
        model.waitingCount(),
        metrics.inFlight(),
        model.usedBlocks(),
        model.cachedBlocks(),
        model.queriedTokens(),
        model.hitTokens(),
        model.preemptions(),
        model.evictions(),
        model.evictionMarkNanos());
  }
}
