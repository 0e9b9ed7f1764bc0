package io.warmpath.simulator.server;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.warmpath.routing.Ticker;
import io.warmpath.simulator.engine.EngineListener;
import io.warmpath.simulator.engine.EngineModel;
import io.warmpath.simulator.engine.EngineRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Drives one engine model in real time on the event loop that also serves its HTTP: one thread owns
 * the model, the metrics and all exchanges, so nothing here is synchronized.
 */
@SuppressWarnings("FutureReturnValueIgnored") // closing needs no confirmation
final class EngineLoop {

  /*
   * The loop's timer has a resolution of about a millisecond, so a tick comes up to that much late.
   * The model counts in its own exact time: a late tick completes the step at the moment it was due
   * and begins the next one there, so lateness shifts the tokens that clients see but not the
   * throughput. Several steps may complete in one tick; their tokens leave in one write for each
   * stream.
   */
  private static final long NANOS_PER_MILLI = 1_000_000;

  /** Unsent bytes at which a client that does not read is cut off. */
  private static final long MAX_UNSENT_BYTES = 32L << 20;

  private final EngineServerSettings settings;
  private final EventLoop executor;
  private final Ticker ticker;
  private final EngineModel model;
  private final EngineMetrics metrics;

  private List<Exchange> dirty = new ArrayList<>();
  private @Nullable ScheduledFuture<?> timer;
  private boolean frozen;
  private long frozenAtNanos;
  private long frozenNanos;
  private long slowReaders;

  /** Drives an idle engine; its cache events go to {@code events}. */
  EngineLoop(
      EngineServerSettings settings, EventLoop executor, Ticker ticker, EngineListener events) {
    this.settings = settings;
    this.executor = executor;
    this.ticker = ticker;
    metrics = new EngineMetrics(settings);
    model = new EngineModel(settings.profile(), listener(events));
  }

  EngineServerSettings settings() {
    return settings;
  }

  EventLoop executor() {
    return executor;
  }

  EngineModel model() {
    return model;
  }

  EngineMetrics metrics() {
    return metrics;
  }

  /** The engine's clock, which stands still while it is frozen. */
  long nowNanos() {
    return (frozen ? frozenAtNanos : ticker.nanos()) - frozenNanos;
  }

  /** Submits a request that arrives now. */
  void submit(EngineRequest request) {
    long now = nowNanos();
    model.advance(now);
    model.submit(request, now);
    arm();
  }

  /** Aborts a request now; false if it had ended already. */
  boolean abort(EngineRequest request) {
    return model.abort(request);
  }

  /** Stops the engine's time. */
  void freeze() {
    if (!frozen) {
      frozenAtNanos = ticker.nanos();
      frozen = true;
    }
  }

  /** Lets the engine's time go on from where it stopped. */
  void thaw() {
    if (frozen) {
      frozen = false;
      frozenNanos += ticker.nanos() - frozenAtNanos;
      arm();
    }
  }

  boolean isFrozen() {
    return frozen;
  }

  /** Stops driving the model for good. */
  void stop() {
    freeze();
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  /** Clients cut off because they did not read. */
  long slowReaders() {
    return slowReaders;
  }

  /** Has {@code exchange} flushed at the end of this tick. */
  void markDirty(Exchange exchange) {
    dirty.add(exchange);
  }

  /** Flushes what was written in this tick. */
  void flushDirty() {
    // Swapped, because ending an exchange may dispatch the next request of its connection.
    while (!dirty.isEmpty()) {
      List<Exchange> batch = dirty;
      dirty = new ArrayList<>();
      for (Exchange exchange : batch) {
        exchange.flush();
      }
    }
  }

  /** Cuts off a client that lets its answer pile up. */
  void checkReader(Channel channel) {
    if (channel.unsafe().outboundBuffer() != null
        && channel.unsafe().outboundBuffer().totalPendingWriteBytes() > MAX_UNSENT_BYTES) {
      slowReaders++;
      channel.close();
    }
  }

  /** Counts steps, and hands all on. */
  private EngineListener listener(EngineListener events) {
    return new EngineListener() {
      @Override
      public void stepCompleted(long atNanos, int prefillTokens, int decodedSequences) {
        metrics.stepCompleted(prefillTokens + decodedSequences);
        events.stepCompleted(atNanos, prefillTokens, decodedSequences);
      }

      @Override
      public void blocksStored(EngineRequest request, int firstBlock, int count) {
        events.blocksStored(request, firstBlock, count);
      }

      @Override
      public void blockRemoved(long key) {
        events.blockRemoved(key);
      }

      @Override
      public void cacheCleared() {
        events.cacheCleared();
      }
    };
  }

  private void tick() {
    timer = null;
    if (frozen) {
      return;
    }
    model.advance(nowNanos());
    flushDirty();
    arm();
  }

  private void arm() {
    if (timer != null || frozen || model.isIdle()) {
      return;
    }
    long delayNanos = Math.max(0, model.nextEventNanos() - nowNanos());
    long millis = (delayNanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
    timer = executor.schedule(this::tick, millis, TimeUnit.MILLISECONDS);
  }
}
