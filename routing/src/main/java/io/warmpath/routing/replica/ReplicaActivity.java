package io.warmpath.routing.replica;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.AnchorLadder;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one replica has lately computed and for whom: the source of its report's families, anchors,
 * working set and estimated eviction mark. Not thread-safe: one writer.
 *
 * <p>Bounded: 128 recent anchors, the shares of the largest families, and a cache model with one
 * entry for each 128 tokens of cache.
 */
public final class ReplicaActivity {

  /** Most families in a report. */
  public static final int MAX_FAMILIES = 8;

  /** Most anchors in a report. */
  public static final int MAX_ANCHORS = 128;

  /**
   * An anchor is reported for this long, so that a router that misses reports still learns of it.
   */
  private static final long ANCHOR_REPORT_NANOS = 10_000_000_000L;

  /** Below this many tokens a match is not worth an anchor in a report. */
  private static final int FIRST_REPORTED_TOKENS = 1024;

  private static final double NANOS_PER_SECOND = 1e9;

  private final long capacityTokens;
  private final int blockSizeTokens;
  private final CacheModel cacheModel;
  private @Nullable FamilyTraffic traffic;
  private final LinkedHashMap<Long, Long> anchorTouchNanos = new LinkedHashMap<>(256, 0.75f, true);
  private long unnamedPieces;
  private boolean toldMark;
  private boolean exactMark;
  private long toldMarkNanos;
  private long cachedTokensTotal;
  private long computedTokensTotal;
  private long finishedTotal;

  /** No activity yet; {@code capacityTokens} of KV cache, 0 when unknown. */
  public ReplicaActivity(long capacityTokens, int blockSizeTokens) {
    if (capacityTokens < 0 || blockSizeTokens < 0) {
      throw new IllegalArgumentException(
          "capacityTokens: " + capacityTokens + ", blockSizeTokens: " + blockSizeTokens);
    }
    this.capacityTokens = capacityTokens;
    this.blockSizeTokens = blockSizeTokens;
    this.cacheModel = new CacheModel(capacityTokens);
  }

  /** A prompt without a session reached its first token: it is in the cache now. */
  public void prefilled(PromptPrefix prefix, int cachedTokens, long nowNanos) {
    prefilled(prefix, 0, cachedTokens, nowNanos);
  }

  /** A prompt reached its first token; {@code session} is its session's hash, 0 for none. */
  public void prefilled(PromptPrefix prefix, long session, int cachedTokens, long nowNanos) {
    int cached = Math.min(cachedTokens, prefix.promptTokens());
    int computed = prefix.promptTokens() - cached;
    cachedTokensTotal += cached;
    computedTokensTotal += computed;
    if (traffic == null) {
      traffic = new FamilyTraffic(nowNanos);
    }
    traffic.add(prefix.family(), computed, nowNanos);
    touchCache(prefix, nowNanos);
    rememberAnchors(prefix, nowNanos);
    if (session != 0) {
      remember(session, nowNanos);
    }
  }

  /**
   * A request ended after {@code completionTokens} decoded tokens; they are in the cache too. From
   * now on its blocks may be evicted, so this is their last use.
   */
  public void finished(PromptPrefix prefix, int completionTokens, long nowNanos) {
    finishedTotal++;
    int unnamedTokens =
        prefix.promptTokens() - prefix.stepCount() * prefix.stepTokens() + completionTokens;
    if (unnamedTokens > 0) {
      cacheModel.touch(++unnamedPieces, unnamedTokens, nowNanos);
    }
    touchCache(prefix, nowNanos);
    rememberAnchors(prefix, nowNanos);
  }

  /** The engine says exactly when its most recently evicted block was last touched. */
  public void evicted(long lastTouchNanos) {
    evicted(lastTouchNanos, true);
  }

  /**
   * The engine says when its most recently evicted block was last touched, or, unless {@code
   * exact}, when it was touched at the earliest: then an estimate that is later counts.
   */
  public void evicted(long lastTouchNanos, boolean exact) {
    toldMark = true;
    exactMark = exact;
    toldMarkNanos = lastTouchNanos;
  }

  /** The cache is empty again: engine restart, reset or sleep. */
  public void clear() {
    cacheModel.clear();
    anchorTouchNanos.clear();
    traffic = null;
    toldMark = false;
    cachedTokensTotal = 0;
    computedTokensTotal = 0;
    finishedTotal = 0;
  }

  /** The families with the largest share of recent work, largest first, at most 8. */
  public List<ReplicaReport.FamilyShare> families(long nowNanos) {
    return traffic == null ? List.of() : traffic.largest(MAX_FAMILIES);
  }

  /** Anchors for the next report: those touched in the last 10 seconds, at most 128. */
  public RecentAnchors anchors(long nowNanos) {
    while (!anchorTouchNanos.isEmpty()
        && nowNanos - anchorTouchNanos.firstEntry().getValue() > ANCHOR_REPORT_NANOS) {
      anchorTouchNanos.pollFirstEntry();
    }
    long[] hashes = new long[anchorTouchNanos.size()];
    int[] ageMillis = new int[hashes.length];
    @Var int index = 0;
    for (Map.Entry<Long, Long> anchor : anchorTouchNanos.entrySet()) {
      hashes[index] = anchor.getKey();
      ageMillis[index++] = (int) ((nowNanos - anchor.getValue()) / 1_000_000);
    }
    return new RecentAnchors(hashes, ageMillis);
  }

  /** The cache as reported: {@code usedTokens} is what the engine says of running requests. */
  public ReplicaReport.Cache cache(long usedTokens, long nowNanos) {
    return new ReplicaReport.Cache(
        usedTokens,
        capacityTokens,
        blockSizeTokens,
        cacheModel.workingSetTokens(nowNanos),
        evictionAgeSeconds(nowNanos));
  }

  /** Totals since the epoch began. */
  public ReplicaReport.Totals totals() {
    return new ReplicaReport.Totals(cachedTokensTotal, computedTokensTotal, finishedTotal);
  }

  private double evictionAgeSeconds(long nowNanos) {
    double told = toldMark ? ageSeconds(toldMarkNanos, nowNanos) : Double.POSITIVE_INFINITY;
    boolean estimated = capacityTokens != 0 && cacheModel.evictedAny();
    if ((toldMark && exactMark) || !estimated) {
      return told;
    }
    return Math.min(told, ageSeconds(cacheModel.evictionMarkNanos(), nowNanos));
  }

  private static double ageSeconds(long momentNanos, long nowNanos) {
    return Math.max(0, nowNanos - momentNanos) / NANOS_PER_SECOND;
  }

  /** Deep steps first: an engine evicts the tail of a prompt before its head. */
  private void touchCache(PromptPrefix prefix, long nowNanos) {
    for (int index = prefix.stepCount() - 1; index >= 0; index--) {
      cacheModel.touch(prefix.stepHash(index), prefix.stepTokens(), nowNanos);
    }
  }

  private void rememberAnchors(PromptPrefix prefix, long nowNanos) {
    int denseSteps = Math.max(1, FIRST_REPORTED_TOKENS / prefix.stepTokens());
    AnchorLadder.forEach(
        prefix.stepCount(),
        denseSteps,
        index -> {
          if (index >= denseSteps - 1 || index == prefix.stepCount() - 1) {
            remember(prefix.stepHash(index), nowNanos);
          }
        });
  }

  private void remember(long hash, long nowNanos) {
    anchorTouchNanos.put(hash, nowNanos);
    if (anchorTouchNanos.size() > MAX_ANCHORS) {
      anchorTouchNanos.pollFirstEntry();
    }
  }
}
