package io.warmpath.agent;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.warmpath.agent.engine.EngineMetrics;
import io.warmpath.agent.engine.MalformedMetricsException;
import io.warmpath.agent.engine.MetricsPage;
import io.warmpath.agent.engine.ModelList;
import io.warmpath.agent.http.EngineFailure;
import io.warmpath.agent.http.EngineHttpClient;
import io.warmpath.agent.http.PageFetch;
import io.warmpath.agent.http.PageFetch.Result;
import io.warmpath.routing.ReplicaReport.ServedModel;
import io.warmpath.routing.ReplicaReport.State;
import io.warmpath.routing.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Looks at an engine's health, models and metrics, round after round, and says what state it is in.
 * Confined to the replica's event loop.
 *
 * <p>An engine is ready when it says that it is healthy, names a model and shows its metrics.
 * Later, a look at the metrics that fails, hangs or gives garbage makes its load unknown, never
 * idle; an engine that nobody can connect to, or that says that it is not healthy, is down.
 */
final class EngineMonitor {

  private static final int MAX_PAGE_BYTES = 8 << 20;

  /** Time between two looks at health and models of a ready engine. */
  private static final long SETUP_PERIOD_NANOS = Duration.ofSeconds(5).toNanos();

  /** An engine that is not ready is looked at this often, if not more often anyway. */
  private static final long RETRY_NANOS = Duration.ofMillis(500).toNanos();

  /** Shortest time between two rounds, however many failed requests ask for one. */
  private static final long MIN_SPACING_NANOS = Duration.ofMillis(20).toNanos();

  private static final int HTTP_OK = 200;

  private final EventLoop loop;
  private final EngineHttpClient client;
  private final AgentConfig.EngineSettings settings;
  private final Ticker ticker;
  private final ReplicaMetrics metrics;
  private final Listener listener;

  private State state = State.STARTING;
  private boolean everReady;
  private boolean asleep;
  private boolean running;
  private boolean stopped;
  private boolean again;
  private long roundStartNanos;
  private long setupNanos;
  private @Nullable EngineMetrics last;
  private @Nullable ScheduledFuture<?> next;

  /** Hears of an engine. */
  interface Listener {

    /** The engine's models, as it says every few seconds. */
    void onModels(List<ServedModel> models);

    /** A good look at the metrics. */
    void onMetrics(EngineMetrics metrics);

    /** The engine's cache was lost since the last look: it is another process, or was asleep. */
    void onCacheLost();

    /** The state changed; {@code why} is for a log line. */
    void onState(State state, String why);
  }

  EngineMonitor(
      EventLoop loop,
      EngineHttpClient client,
      AgentConfig.EngineSettings settings,
      Ticker ticker,
      ReplicaMetrics metrics,
      Listener listener) {
    this.loop = loop;
    this.client = client;
    this.settings = settings;
    this.ticker = ticker;
    this.metrics = metrics;
    this.listener = listener;
  }

  /** The state now. */
  State state() {
    return state;
  }

  /** The last good look at the metrics, or null; old when the state is not ready. */
  @Nullable EngineMetrics lastMetrics() {
    return last;
  }

  /** Begins the first round. */
  void start() {
    round();
  }

  /** Ends after the round under way. */
  void stop() {
    stopped = true;
    cancelNext();
  }

  /** A request met trouble at the engine: looks at it without waiting for the next round. */
  void lookSoon() {
    if (stopped) {
      return;
    }
    if (running) {
      again = true;
      return;
    }
    scheduleIn(MIN_SPACING_NANOS - (ticker.nanos() - roundStartNanos));
  }

  private void round() {
    if (stopped || running) {
      return;
    }
    running = true;
    again = false;
    roundStartNanos = ticker.nanos();
    client.closeIdle();
    if (state == State.READY && roundStartNanos - setupNanos < SETUP_PERIOD_NANOS) {
      fetch("/metrics", this::onMetricsPage);
    } else {
      fetch("/health", this::onHealthPage);
    }
  }

  private void fetch(String path, Consumer<Result.Page> onPage) {
    PageFetch.start(
        client,
        path,
        settings.scrapeTimeout(),
        MAX_PAGE_BYTES,
        result -> {
          switch (result) {
            case Result.Page page -> onPage.accept(page);
            case Result.Failed(EngineFailure failure) ->
                trouble(
                    failure.kind() == EngineFailure.Kind.CONNECT,
                    path + ": " + failure.message(),
                    failure.kind().name());
          }
        });
  }

  private void onHealthPage(Result.Page page) {
    if (page.status() == HTTP_OK) {
      fetch("/v1/models", this::onModelsPage);
    } else {
      trouble(true, "/health has status " + page.status(), "UNHEALTHY");
    }
  }

  private void onModelsPage(Result.Page page) {
    try {
      List<ServedModel> models =
          page.status() == HTTP_OK ? ModelList.parse(page.body()) : List.of();
      if (models.isEmpty()) {
        trouble(false, "/v1/models names no model, status " + page.status(), "NO_MODEL");
        return;
      }
      listener.onModels(models);
      setupNanos = ticker.nanos();
      fetch("/metrics", this::onMetricsPage);
    } catch (MalformedMetricsException malformed) {
      trouble(false, malformed.problem(), "MALFORMED");
    }
  }

  private void onMetricsPage(Result.Page page) {
    if (page.status() != HTTP_OK) {
      trouble(false, "/metrics has status " + page.status(), "STATUS");
      return;
    }
    try {
      take(MetricsPage.parse(page.body()));
    } catch (MalformedMetricsException malformed) {
      trouble(false, "/metrics: " + malformed.problem(), "MALFORMED");
    }
  }

  private void take(EngineMetrics seen) {
    EngineMetrics before = last;
    boolean lost =
        before != null
            && (asleep
                || seen.isRestartSince(before)
                || (state == State.DOWN && seen.startSeconds() == 0));
    last = seen;
    metrics.scraped("OK");
    if (!seen.awake()) {
      asleep = true;
      everReady = false;
      enter(State.STARTING, "the engine sleeps");
    } else {
      asleep = false;
      everReady = true;
      if (lost) {
        listener.onCacheLost();
      }
      listener.onMetrics(seen);
      enter(State.READY, "the engine is ready");
    }
    endRound();
  }

  private void trouble(boolean fatal, String why, String result) {
    metrics.scraped(result);
    if (!everReady) {
      enter(State.STARTING, why);
    } else if (fatal || state == State.DOWN) {
      enter(State.DOWN, why);
    } else {
      enter(State.UNKNOWN, why);
    }
    endRound();
  }

  private void enter(State next, String why) {
    if (state != next) {
      state = next;
      listener.onState(next, why);
    }
  }

  private void endRound() {
    running = false;
    long period = settings.scrapePeriod().toNanos();
    long wanted =
        again ? MIN_SPACING_NANOS : state == State.READY ? period : Math.min(period, RETRY_NANOS);
    scheduleIn(wanted - (ticker.nanos() - roundStartNanos));
  }

  private void scheduleIn(long nanos) {
    cancelNext();
    if (!stopped) {
      next = loop.schedule(this::round, Math.max(nanos, 1), TimeUnit.NANOSECONDS);
    }
  }

  private void cancelNext() {
    ScheduledFuture<?> pending = next;
    if (pending != null) {
      pending.cancel(false);
    }
  }
}
