package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PrefillSpeed;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The study's engine: one prefill at a time that takes {@code overhead + uncached tokens / rate},
 * then decoding at a fixed time a token that neither slows prefills nor holds cache. As in real
 * engines, the end of a request is the last use of its blocks, but of those only that were not
 * evicted meanwhile.
 */
final class LinearEngine implements ReplicaEngine {

  private final BlockCache cache;
  private final int blockTokens;
  private final PrefillSpeed speed;
  private final long decodeTokenNanos;
  private final ArrayDeque<InFlight> waiting = new ArrayDeque<>();
  private final PriorityQueue<Decode> decoding =
      new PriorityQueue<>(
          Comparator.comparingLong(Decode::endNanos).thenComparingInt(d -> d.request.request));
  private @Var @Nullable InFlight computing;
  private @Var long computedNanos;
  private @Var double computingSeconds;
  private @Var long usedTokens;

  /**
   * An idle engine.
   *
   * @param cache its prefix cache, maybe shared with other engines
   * @param blockTokens tokens a block of the cache
   * @param speed its prefill
   * @param decodeTokenNanos time of one decoded token
   */
  LinearEngine(BlockCache cache, int blockTokens, PrefillSpeed speed, long decodeTokenNanos) {
    this.cache = cache;
    this.blockTokens = blockTokens;
    this.speed = speed;
    this.decodeTokenNanos = decodeTokenNanos;
  }

  @Override
  public void start(InFlight request, long nowNanos) {
    waiting.add(request);
    if (computing == null) {
      computeNext(nowNanos);
    }
  }

  @Override
  public long nextEventNanos() {
    Decode first = decoding.peek();
    return Math.min(
        computing == null ? Long.MAX_VALUE : computedNanos,
        first == null ? Long.MAX_VALUE : first.endNanos);
  }

  @Override
  public void advance(long nowNanos, Listener listener) {
    while (nextEventNanos() <= nowNanos) {
      Decode first = decoding.peek();
      InFlight computed = computing;
      if (computed == null || (first != null && first.endNanos < computedNanos)) {
        decoding.remove(first);
        InFlight ended = first.request;
        usedTokens -= ownTokens(ended);
        cache.touchPresent(ended.blocks, ended.blocks.length, first.endNanos);
        listener.completed(first.request, first.endNanos);
      } else {
        finishPrefill(computed, listener);
      }
    }
  }

  private void finishPrefill(InFlight computed, Listener listener) {
    long now = computedNanos;
    cache.touch(computed.blocks, computed.blocks.length, now);
    long decodeNanos = Math.max(0, computed.outputTokens - 1) * decodeTokenNanos;
    decoding.add(new Decode(computed, now + decodeNanos));
    usedTokens += ownTokens(computed);
    double workSeconds = computingSeconds;
    computing = null;
    computeNext(now);
    listener.firstToken(computed, computed.cachedTokens, workSeconds, now);
  }

  private void computeNext(long nowNanos) {
    InFlight next = waiting.poll();
    computing = next;
    if (next != null) {
      next.cachedTokens = cachedTokens(next.blocks, next.promptTokens);
      computingSeconds = speed.seconds(next.promptTokens - next.cachedTokens);
      computedNanos = nowNanos + Math.round(computingSeconds * 1e9);
    }
  }

  /** At least the last token is always computed. */
  @Override
  public int cachedTokens(int[] blocks, int promptTokens) {
    int cached = cache.match(blocks, blocks.length);
    return Math.min(cached * blockTokens, promptTokens - 1);
  }

  @Override
  public long evictedTouchNanos() {
    return cache.evictedAny() ? cache.evictedTouchNanos() : Long.MIN_VALUE;
  }

  /** What decoding requests would hold if they held any, shared beginnings counted once. */
  @Override
  public long usedTokens() {
    return usedTokens;
  }

  @Override
  public boolean fits(int promptTokens, int outputTokens) {
    return true;
  }

  private static int ownTokens(InFlight request) {
    return request.promptTokens - request.cachedTokens + request.outputTokens;
  }

  @Override
  public int requests() {
    return waiting.size() + decoding.size() + (computing == null ? 0 : 1);
  }

  @Override
  public List<InFlight> abort() {
    List<InFlight> all = new ArrayList<>(waiting);
    if (computing != null) {
      all.add(computing);
    }
    decoding.forEach(decode -> all.add(decode.request));
    waiting.clear();
    decoding.clear();
    computing = null;
    usedTokens = 0;
    return all;
  }

  /** A request whose last token comes at {@code endNanos}. */
  private record Decode(InFlight request, long endNanos) {}
}
