package io.warmpath.agent;

import com.google.errorprone.annotations.Var;
import io.netty.channel.EventLoop;
import io.warmpath.agent.kv.CacheContent;
import io.warmpath.agent.kv.KvEvent;
import io.warmpath.agent.kv.KvEventSubscriber;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.Ticker;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Follows an engine's cache by its events, where the engine publishes them: then the eviction mark
 * of prompts in token ids is exact and not an estimate. Confined to the replica's event loop, to
 * which the subscriber's thread hands the events over.
 */
final class CacheFollower implements KvEventSubscriber.Listener {

  /** Most blocks kept; at 16 tokens a block this is a cache of 16 million tokens. */
  private static final int MAX_BLOCKS = 1 << 20;

  /*
   * Events tell when a step is stored and removed; when it was used in between is known only for
   * prompts whose steps are hashes of tokens. A step of a text may have been used later than events
   * say, so with mostly such prompts the mark of the events is a lower bound.
   */
  private static final double KNOWN_SHARE_STEP = 0.1;
  private static final double MOSTLY = 0.5;

  private final EventLoop loop;
  private final Ticker ticker;
  private final CacheContent content;
  private final Listener listener;
  private final @Nullable KvEventSubscriber subscriber;
  private boolean following;

  /** Share of the prompts served lately whose steps the events know, 0..1. */
  private double knownShare = 1;

  /** Hears of the cache on the event loop. */
  interface Listener {

    /**
     * Steps were evicted, of which the last used one was used then; or, unless {@code exact}, then
     * at the earliest.
     */
    void onEvicted(long lastTouchNanos, boolean exact);

    /** The engine dropped its whole cache. */
    void onCacheLost();
  }

  /** A follower of {@code engine}'s events, if it publishes any, that does not follow yet. */
  CacheFollower(
      AgentConfig.Engine engine,
      EventLoop loop,
      Ticker ticker,
      int stepTokens,
      ReplicaMetrics metrics,
      Listener listener) {
    this.loop = loop;
    this.ticker = ticker;
    this.content = new CacheContent(stepTokens, MAX_BLOCKS);
    this.listener = listener;
    String endpoint = engine.kvEvents();
    this.subscriber =
        endpoint == null
            ? null
            : new KvEventSubscriber(endpoint, engine.kvReplay(), engine.replicaId(), this);
    if (subscriber != null) {
      metrics.watch(subscriber, content);
    }
  }

  /** The engine serves this model; from the first time on events are followed. */
  void setModel(String model) {
    content.setModel(model);
    if (subscriber != null && !following) {
      following = true;
      subscriber.start();
    }
  }

  /** A request with this prompt is being served. */
  void touch(PromptPrefix prefix, long nowNanos) {
    if (subscriber != null) {
      content.touch(prefix, nowNanos);
    }
  }

  /** A request with this prompt was served to its end; by now the events of its prompt are here. */
  void finished(PromptPrefix prefix, long nowNanos) {
    if (subscriber != null && prefix.stepCount() > 0) {
      double known = content.touch(prefix, nowNanos) ? 1 : 0;
      knownShare += KNOWN_SHARE_STEP * (known - knownShare);
    }
  }

  /** The engine is another, or lost its cache. */
  void clear() {
    content.clear();
  }

  /** Stops to receive; not on the event loop, since it waits. */
  void close() {
    if (subscriber != null) {
      subscriber.close();
    }
  }

  @Override
  public void onEvents(List<KvEvent> events) {
    loop.execute(() -> apply(events));
  }

  @Override
  public void onLost() {
    loop.execute(content::clear);
  }

  private void apply(List<KvEvent> events) {
    boolean before = content.hasEvicted();
    long markBefore = content.evictionMarkNanos();
    @Var boolean cleared = false;
    for (KvEvent event : events) {
      content.apply(event, ticker.nanos());
      cleared |= event instanceof KvEvent.Cleared;
    }
    if (cleared) {
      listener.onCacheLost();
    }
    if (content.hasEvicted() && (!before || content.evictionMarkNanos() != markBefore)) {
      listener.onEvicted(content.evictionMarkNanos(), knownShare > MOSTLY);
    }
  }
}
