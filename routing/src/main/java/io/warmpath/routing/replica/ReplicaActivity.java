package io.warmpath.routing.replica;

import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import java.util.List;

/**
 * What one replica has lately computed and for whom: the source of its report's families, anchors,
 * working set and estimated eviction mark. Not thread-safe: one writer.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class ReplicaActivity {

  /** No activity yet; {@code capacityTokens} of KV cache, 0 when unknown. */
  public ReplicaActivity(long capacityTokens, int blockSizeTokens) {
    throw new UnsupportedOperationException();
  }

  /** A prompt reached its first token: it is in the cache now. */
  public void prefilled(PromptPrefix prefix, int cachedTokens, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** A request ended after {@code completionTokens} decoded tokens; they are in the cache too. */
  public void finished(PromptPrefix prefix, int completionTokens, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** The engine says exactly when its most recently evicted block was last touched. */
  public void evicted(long lastTouchNanos) {
    throw new UnsupportedOperationException();
  }

  /** The cache is empty again: engine restart, reset or sleep. */
  public void clear() {
    throw new UnsupportedOperationException();
  }

  /** The families with the largest share of recent work, largest first, at most 8. */
  public List<ReplicaReport.FamilyShare> families(long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** Anchors for the next report, at most 128. */
  public RecentAnchors anchors(long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** The cache as reported: {@code usedTokens} is what the engine says of running requests. */
  public ReplicaReport.Cache cache(long usedTokens, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** Totals since the epoch began. */
  public ReplicaReport.Totals totals() {
    throw new UnsupportedOperationException();
  }
}
