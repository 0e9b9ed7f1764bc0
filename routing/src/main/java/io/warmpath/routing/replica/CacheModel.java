package io.warmpath.routing.replica;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;

/**
 * A least-recently-used model of a replica's KV cache in steps of a prompt: good enough to say how
 * old the most recently evicted prefix was and how many distinct tokens were lately touched. Not
 * thread-safe.
 */
final class CacheModel {

  /*
   * An engine caches blocks and evicts the one that was free the longest, the tail of a prompt
   * before its head. Here an entry is one step of a prompt (128 tokens), or its unnamed rest. A
   * prompt of 100,000 tokens touches 800 of them twice, so they lie in one array, linked in the
   * order of touch, and an open-addressed table of their places finds them: 48 bytes an entry, so
   * 0.4 bytes a token of cache, and neighbours in a prompt are neighbours in memory.
   *
   * The working set is a sum over a ring of equal spans of time: an entry counts in the span of its
   * last touch and moves when it is touched again.
   */
  static final long UNKNOWN_CAPACITY_TOKENS = 1L << 20;
  private static final int SPANS = 6;
  private static final long SPAN_NANOS = 60_000_000_000L;

  private final long capacityTokens;
  private final TouchOrder entries = new TouchOrder();
  private final long[] spanTokens = new long[SPANS];
  private int spanNumber = Integer.MIN_VALUE;
  private long tokens;
  private boolean evictedAny;
  private long evictionMarkNanos;

  /** An empty cache of {@code capacityTokens}; 0 takes {@link #UNKNOWN_CAPACITY_TOKENS}. */
  CacheModel(long capacityTokens) {
    this.capacityTokens = capacityTokens == 0 ? UNKNOWN_CAPACITY_TOKENS : capacityTokens;
  }

  /** A piece of a prompt was read or written. */
  void touch(long key, int entryTokens, long nowNanos) {
    advanceTo(spanAt(nowNanos));
    @Var int held = entryTokens;
    int known = entries.find(key);
    if (known != TouchOrder.NONE) {
      held = Math.max(held, entries.tokens(known));
      forget(known);
    }
    entries.touch(known, key, held, spanNumber, nowNanos);
    tokens += held;
    spanTokens[ringPlace(spanNumber)] += held;
    evictOverflow();
  }

  /** Distinct tokens touched in the last five to six minutes and still held. */
  long workingSetTokens(long nowNanos) {
    advanceTo(spanAt(nowNanos));
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
    while (tokens > capacityTokens && entries.size() > 1) {
      int oldest = entries.oldest();
      forget(oldest);
      evictedAny = true;
      evictionMarkNanos = entries.touchNanos(oldest);
      entries.remove(oldest);
    }
  }

  private void forget(int entry) {
    int held = entries.tokens(entry);
    tokens -= held;
    if (spanNumber - entries.span(entry) < SPANS) {
      spanTokens[ringPlace(entries.span(entry))] -= held;
    }
  }

  private void advanceTo(int number) {
    if (spanNumber == Integer.MIN_VALUE || number - spanNumber >= SPANS) {
      Arrays.fill(spanTokens, 0);
      spanNumber = number;
    }
    while (spanNumber < number) {
      spanNumber++;
      spanTokens[ringPlace(spanNumber)] = 0;
    }
  }

  /** 292 years of nanoseconds are 154 million spans. */
  private static int spanAt(long nanos) {
    return Math.toIntExact(Math.floorDiv(nanos, SPAN_NANOS));
  }

  private static int ringPlace(int number) {
    return Math.floorMod(number, SPANS);
  }
}
