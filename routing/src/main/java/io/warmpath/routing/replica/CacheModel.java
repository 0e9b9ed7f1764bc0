package io.warmpath.routing.replica;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A least-recently-used model of a replica's KV cache in steps of a prompt: good enough to say how
 * old the most recently evicted prefix was and how many distinct tokens were lately touched. Not
 * thread-safe.
 */
final class CacheModel {

  /*
   * An engine caches blocks and evicts the one that was free the longest, the tail of a prompt
   * before its head. Here an entry is one step of a prompt (128 tokens), or its unnamed rest. The
   * map is in the order of touch; about 100 bytes an entry, so 0.8 bytes a token of cache.
   *
   * The working set is a sum over a ring of equal spans of time: an entry counts in the span of its
   * last touch and moves when it is touched again.
   */
  static final long UNKNOWN_CAPACITY_TOKENS = 1L << 20;
  private static final int SPANS = 6;
  private static final long SPAN_NANOS = 60_000_000_000L;

  private final long capacityTokens;
  private final Map<Long, Entry> entries = new LinkedHashMap<>(1024, 0.75f, true);
  private final long[] spanTokens = new long[SPANS];
  private long spanNumber = Long.MIN_VALUE;
  private long tokens;
  private boolean evictedAny;
  private long evictionMarkNanos;

  /** An empty cache of {@code capacityTokens}; 0 takes {@link #UNKNOWN_CAPACITY_TOKENS}. */
  CacheModel(long capacityTokens) {
    this.capacityTokens = capacityTokens == 0 ? UNKNOWN_CAPACITY_TOKENS : capacityTokens;
  }

  /** A piece of a prompt was read or written. */
  void touch(long key, int entryTokens, long nowNanos) {
    advanceTo(Math.floorDiv(nowNanos, SPAN_NANOS));
    @Var Entry entry = entries.get(key);
    if (entry == null) {
      entry = new Entry();
      entries.put(key, entry);
    } else {
      forget(entry);
    }
    entry.tokens = Math.max(entry.tokens, entryTokens);
    entry.span = spanNumber;
    entry.touchNanos = nowNanos;
    tokens += entry.tokens;
    spanTokens[span(spanNumber)] += entry.tokens;
    evictOverflow();
  }

  /** Distinct tokens touched in the last five to six minutes and still held. */
  long workingSetTokens(long nowNanos) {
    advanceTo(Math.floorDiv(nowNanos, SPAN_NANOS));
    return Arrays.stream(spanTokens).sum();
  }

  /** Whether anything was evicted since the cache was empty. */
  boolean evictedAny() {
    return evictedAny;
  }

  /** Last touch of the most recently evicted entry; meaningful after an eviction. */
  long evictionMarkNanos() {
    return evictionMarkNanos;
  }

  void clear() {
    entries.clear();
    Arrays.fill(spanTokens, 0);
    tokens = 0;
    evictedAny = false;
  }

  private void evictOverflow() {
    Iterator<Entry> oldestFirst = entries.values().iterator();
    while (tokens > capacityTokens && entries.size() > 1) {
      Entry oldest = oldestFirst.next();
      oldestFirst.remove();
      forget(oldest);
      evictedAny = true;
      evictionMarkNanos = oldest.touchNanos;
    }
  }

  private void forget(Entry entry) {
    tokens -= entry.tokens;
    if (spanNumber - entry.span < SPANS) {
      spanTokens[span(entry.span)] -= entry.tokens;
    }
  }

  private void advanceTo(long number) {
    if (number - spanNumber >= SPANS || spanNumber == Long.MIN_VALUE) {
      Arrays.fill(spanTokens, 0);
      spanNumber = number;
    }
    while (spanNumber < number) {
      spanNumber++;
      spanTokens[span(spanNumber)] = 0;
    }
  }

  private static int span(long number) {
    return Math.floorMod(number, SPANS);
  }

  /** One step of a prompt, or its rest. */
  private static final class Entry {
    int tokens;
    long span;
    long touchNanos;
  }
}
