package io.warmpath.agent;

import io.grpc.StatusRuntimeException;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.warmpath.agent.ReplicaMetrics.CachedTokens;
import io.warmpath.agent.ReplicaMetrics.Outcome;
import io.warmpath.agent.engine.EngineMetrics;
import io.warmpath.agent.http.EngineHttpClient;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.ServedModel;
import io.warmpath.routing.ReplicaReport.State;
import io.warmpath.routing.Ticker;
import io.warmpath.routing.replica.Admission;
import io.warmpath.routing.replica.QueuedRequest;
import io.warmpath.routing.replica.ReplicaActivity;
import io.warmpath.routing.replica.ReplicaQueue;
import io.warmpath.v1.RefusalReason;
import io.warmpath.v1.Refused;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.Usage;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One engine's replica: takes or refuses requests, feeds the engine, and knows what it has done.
 *
 * <p>Its state has one writer, the Netty event loop given to it, on which also the engine's
 * connections live: an answer of the engine changes the state where it is read, and no lock is
 * needed. Calls of routers come from their own connections' loops and are handed over once.
 */
final class Replica implements EngineMonitor.Listener, CacheFollower.Listener {

  private static final Logger log = LoggerFactory.getLogger(Replica.class);

  /** While requests wait, the queue is asked this often whether the engine has room again. */
  private static final long PUMP_NANOS = Duration.ofMillis(5).toNanos();

  /** A preemption counts as recent for this long. */
  private static final long PREEMPTION_NANOS = Duration.ofSeconds(10).toNanos();

  /** Connections for probes beside those for requests, and those of answers about to end. */
  private static final int PROBES = 64;

  /** vLLM's server closes a connection that was idle for 5 seconds. */
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(4);

  private static final double NANOS_PER_SECOND = 1e9;

  private final Setup setup;
  private final EventLoop loop;
  private final Ticker ticker;
  private final EngineHttpClient client;
  private final EngineMonitor monitor;
  private final Reporter reporter;
  private final DrainState drains = new DrainState();
  private final CacheFollower cacheFollower;
  private final ReplicaQueue queue;
  private final PrefillTimes prefillTimes;
  private final PromptLengths promptLengths = new PromptLengths();
  private final CacheHits cacheHits = new CacheHits();
  private final Map<QueuedRequest, ReplicaCall> waiting = new HashMap<>();
  private final Set<ReplicaCall> active = new HashSet<>();

  private ReplicaActivity activity = new ReplicaActivity(0, 0);
  private List<ServedModel> models = List.of();
  private long capacityTokens;
  private int blockSizeTokens;
  private long epoch;
  private long cachedTotal;
  private long computedTotal;
  private long finishedTotal;
  private long readySinceNanos;
  private boolean everReady;
  private int atEngine;
  private long preemptions;
  private long preemptedNanos;
  private boolean everPreempted;
  private @Nullable ScheduledFuture<?> pumpTimer;

  /** Read by other threads: the state as routers are told. */
  private volatile State publishedState = State.STARTING;

  /**
   * What a replica is made of.
   *
   * @param engine its engine
   * @param addresses what routers are told to call; asked only after the replica's start
   * @param config the agent's config
   * @param unixMillis the wall clock, for epochs only
   * @param whenStateChanges called on the event loop after a change of {@link #publishedState}
   */
  record Setup(
      AgentConfig.Engine engine,
      Supplier<Addresses> addresses,
      AgentConfig config,
      Ticker ticker,
      LongSupplier unixMillis,
      ReplicaMetrics metrics,
      Runnable whenStateChanges) {}

  /** {@code host:port} of the agent's gRPC service and of its HTTP relay. */
  record Addresses(String grpc, String relay) {}

  Replica(Setup setup, EventLoop loop, Reporter.Sink sink) {
    this.setup = setup;
    this.loop = loop;
    this.ticker = setup.ticker();
    AgentConfig config = setup.config();
    AgentConfig.EngineSettings engine = config.engine();
    this.client =
        new EngineHttpClient(
            loop,
            ticker,
            setup.engine().host(),
            setup.engine().port(),
            new EngineHttpClient.Settings(
                engine.maxRequests() + PROBES, engine.connectTimeout(), KEEP_ALIVE));
    this.monitor = new EngineMonitor(loop, client, engine, ticker, setup.metrics(), this);
    this.reporter = new Reporter(loop, ticker, config.report(), sink, this::report, metrics());
    this.prefillTimes =
        new PrefillTimes(new PrefillSpeedEstimator(engine.initialPrefill()), ticker.nanos());
    this.queue = new ReplicaQueue(queueSettings(config.queue()), engine.initialPrefill());
    this.cacheFollower =
        new CacheFollower(setup.engine(), loop, ticker, engine.stepTokens(), setup.metrics(), this);
    metrics().watch(promptLengths);
    this.epoch = setup.unixMillis().getAsLong();
  }

  private static ReplicaQueue.Settings queueSettings(AgentConfig.Queue config) {
    return new ReplicaQueue.Settings(
        config.size(),
        config.order(),
        config.deadlineFactor(),
        config.engineWork().toNanos() / NANOS_PER_SECOND,
        config.enginePrefills());
  }

  String id() {
    return setup.engine().replicaId();
  }

  EventLoop loop() {
    return loop;
  }

  ReplicaMetrics metrics() {
    return setup.metrics();
  }

  long nanos() {
    return ticker.nanos();
  }

  PromptLengths promptLengths() {
    return promptLengths;
  }

  CacheHits cacheHits() {
    return cacheHits;
  }

  int stepTokens() {
    return setup.config().engine().stepTokens();
  }

  /** The state as routers are told; any thread may ask. */
  State publishedState() {
    return publishedState;
  }

  /** The last report that was sent; any thread may ask. */
  @Nullable ReplicaReport lastReport() {
    return reporter.last();
  }

  /** Begins to look at the engine and to report. */
  void start() {
    loop.execute(() -> {
      monitor.start();
      reporter.start();
    });
  }

  /** Takes or refuses a call. */
  void admit(ReplicaCall call) {
    ReplicaGenerateRequest request = call.request();
    long now = ticker.nanos();
    RefusalReason reason = refusalReason(request);
    if (reason != null) {
      refuse(call, reason, queue.pendingWorkSeconds(now), 0);
      return;
    }
    StatusRuntimeException problem = call.modelProblem(models);
    if (problem != null) {
      call.reject(problem);
      return;
    }
    double limit =
        request.hasPendingWorkLimitSeconds()
            ? request.getPendingWorkLimitSeconds()
            : Double.POSITIVE_INFINITY;
    double maxWait = request.getMaxQueueWaitSeconds();
    Admission admission =
        queue.offer(call.queued(), limit, maxWait == 0 ? Double.POSITIVE_INFINITY : maxWait, now);
    switch (admission) {
      case Admission.Accepted(double pendingSeconds) -> {
        waiting.put(call.queued(), call);
        active.add(call);
        call.accepted(pendingSeconds);
        pump();
        call.settled();
        reporter.loadMayHaveJumped(queue.pendingWorkSeconds(now));
      }
      case Admission.Refused(Admission.Reason why, double pending, double retryAfter) ->
          refuse(call, refusalReason(why), pending, retryAfter);
    }
  }

  private @Nullable RefusalReason refusalReason(ReplicaGenerateRequest request) {
    if (drains.isDraining()) {
      return RefusalReason.REFUSAL_REASON_DRAINING;
    }
    if (monitor.state() == State.STARTING || monitor.state() == State.DOWN) {
      return RefusalReason.REFUSAL_REASON_NOT_READY;
    }
    if (request.getEpoch() != 0 && request.getEpoch() != epoch) {
      return RefusalReason.REFUSAL_REASON_WRONG_EPOCH;
    }
    return null;
  }

  private static RefusalReason refusalReason(Admission.Reason reason) {
    return switch (reason) {
      case ABOVE_LIMIT -> RefusalReason.REFUSAL_REASON_ABOVE_LIMIT;
      case QUEUE_FULL -> RefusalReason.REFUSAL_REASON_QUEUE_FULL;
      case QUEUE_WAIT -> RefusalReason.REFUSAL_REASON_QUEUE_WAIT;
    };
  }

  private void refuse(
      ReplicaCall call, RefusalReason reason, double pendingSeconds, double retryAfterSeconds) {
    metrics().refused(reason);
    call.refuse(
        Refused.newBuilder()
            .setReason(reason)
            .setPendingWorkSeconds(pendingSeconds)
            .setRetryAfterSeconds(retryAfterSeconds)
            .build());
  }

  /** Gives the engine what it has room for. */
  private void pump() {
    AgentConfig.EngineSettings engine = setup.config().engine();
    while (atEngine < engine.maxRequests()) {
      long now = ticker.nanos();
      QueuedRequest next = queue.next(now);
      if (next == null) {
        break;
      }
      ReplicaCall call = waiting.remove(next);
      if (call == null) {
        throw new IllegalStateException("the queue handed out a request that does not wait");
      }
      atEngine++;
      int priority = engine.priorityScheduling() ? next.priority() : 0;
      call.dispatch(client, engine.idleTimeout(), priority, now);
    }
    if (!waiting.isEmpty() && pumpTimer == null) {
      pumpTimer = loop.schedule(this::pumpLater, PUMP_NANOS, TimeUnit.NANOSECONDS);
    }
  }

  private void pumpLater() {
    pumpTimer = null;
    pump();
  }

  /** Takes the prompt of a unary call for computed once the engine should be done with it. */
  void presumeLater(ReplicaCall call, long nowNanos) {
    long nanos = (long) (queue.engineWorkSeconds(nowNanos) * NANOS_PER_SECOND);
    var _ = loop.schedule(call::presumeComputed, nanos, TimeUnit.NANOSECONDS);
  }

  /** A call's first output came: its prompt is computed and in the cache. */
  PrefillTimes.Observation prefilled(ReplicaCall call, long nowNanos) {
    queue.prefilled(call.queued(), nowNanos);
    ReplicaGenerateRequest request = call.request();
    activity.prefilled(
        call.prefix(), request.getSession(), request.getExpectedCachedTokens(), nowNanos);
    cacheFollower.touch(call.prefix(), nowNanos);
    QueuedRequest queued = call.queued();
    cacheHits.computed(queued.promptTokens(), queued.expectedCachedTokens());
    PrefillTimes.Observation observation = prefillTimes.computed(call.dispatchedNanos(), nowNanos);
    pump();
    return observation;
  }

  /** A call's stream came to its good end. */
  void completed(ReplicaCall call, Usage usage) {
    int computed = usage.getPromptTokens() - usage.getCachedTokens();
    cachedTotal += usage.getCachedTokens();
    computedTotal += computed;
    finishedTotal++;
    if (call.isLengthEstimated() && !usage.getEstimated()) {
      promptLengths.observe(call.prefix().promptTokens(), usage.getPromptTokens());
    }
    metrics().tokens(usage.getCachedTokens(), computed, usage.getCompletionTokens());
    metrics().cachedTokensFrom(source(usage));
    long now = ticker.nanos();
    activity.finished(call.prefix(), usage.getCompletionTokens(), now);
    cacheFollower.finished(call.prefix(), now);
  }

  private CachedTokens source(Usage usage) {
    if (!usage.getCachedTokensEstimated()) {
      return CachedTokens.TOLD;
    }
    return cacheHits.isMeasured() ? CachedTokens.MEASURED : CachedTokens.EXPECTED;
  }

  /** Of a call's prompt so many tokens were computed; negative when the engine did not say. */
  void learned(PrefillTimes.Observation observation, int computedTokens) {
    prefillTimes.known(observation, computedTokens);
    queue.setSpeed(prefillTimes.speed());
  }

  /** A call ended, however. */
  void ended(ReplicaCall call, Outcome outcome) {
    long now = ticker.nanos();
    waiting.remove(call.queued());
    active.remove(call);
    if (call.isDispatched()) {
      atEngine--;
    }
    if (!call.hasOutput()) {
      queue.remove(call.queued(), now);
    }
    metrics().ended(outcome);
    drains.callEnded(outcome, active.isEmpty());
    pump();
    reporter.loadMayHaveJumped(queue.pendingWorkSeconds(now));
  }

  /** The connection to the engine broke under a call. */
  void engineFailed() {
    monitor.lookSoon();
  }

  /**
   * Takes nothing new; when nothing runs or the time is up, calls {@code whenDone}, on the event
   * loop.
   */
  void drain(Duration timeout, DrainState.Listener whenDone) {
    log.info("replica {} drains: {} requests to finish", id(), active.size());
    drains.begin(active.isEmpty(), whenDone);
    publishState();
    if (!active.isEmpty()) {
      var _ =
          loop.schedule(
              () -> Set.copyOf(active).forEach(ReplicaCall::drained),
              timeout.toNanos(),
              TimeUnit.NANOSECONDS);
    }
  }

  /** Stops following the engine's cache; waits for it, and so not on the event loop. */
  void stopFollowing() {
    cacheFollower.close();
  }

  /** Stops looking and reporting, and cuts off what runs. */
  void close() {
    monitor.stop();
    reporter.stop();
    Set.copyOf(active).forEach(ReplicaCall::drained);
    client.close();
  }

  @Override
  public void onModels(List<ServedModel> served) {
    models = served;
    cacheFollower.setModel(served.getFirst().name());
  }

  @Override
  public void onMetrics(EngineMetrics seen) {
    if (seen.preemptions() > preemptions) {
      everPreempted = true;
      preemptedNanos = ticker.nanos();
    }
    preemptions = seen.preemptions();
    cacheHits.look(seen.prefixHitTokens());
    if (seen.kvCapacityTokens() != capacityTokens || seen.blockSizeTokens() != blockSizeTokens) {
      capacityTokens = seen.kvCapacityTokens();
      blockSizeTokens = seen.blockSizeTokens();
      activity = new ReplicaActivity(capacityTokens, blockSizeTokens);
    }
  }

  @Override
  public void onCacheLost() {
    epoch = Math.max(epoch + 1, setup.unixMillis().getAsLong());
    cachedTotal = 0;
    computedTotal = 0;
    finishedTotal = 0;
    activity.clear();
    cacheFollower.clear();
    reporter.epochBegan();
    metrics().epochBegan();
    everReady = false;
    log.info("replica {}: the engine lost its cache, epoch {} begins", id(), epoch);
  }

  @Override
  public void onEvicted(long lastTouchNanos, boolean exact) {
    activity.evicted(lastTouchNanos, exact);
  }

  @Override
  public void onState(State state, String why) {
    log.info("replica {} is {}: {}", id(), state, why);
    if (state == State.READY && !everReady) {
      everReady = true;
      readySinceNanos = ticker.nanos();
    }
    publishState();
    if (state == State.STARTING) {
      // Only sleep leads back here. Others can serve what the engine would begin when it wakes up.
      Set.copyOf(active).forEach(ReplicaCall::asleep);
    }
  }

  private void publishState() {
    State engine = monitor.state();
    State next = drains.isDraining() && engine != State.DOWN ? State.DRAINING : engine;
    if (next != publishedState) {
      publishedState = next;
      reporter.changed();
      setup.whenStateChanges().run();
    }
  }

  private ReplicaReport report(long sequence, long nowNanos) {
    AgentConfig config = setup.config();
    Addresses addresses = setup.addresses().get();
    Map<String, String> labels = new HashMap<>(config.labels());
    labels.put(RelayProtocol.ADDRESS_LABEL, addresses.relay());
    ReplicaReport.Identity identity =
        new ReplicaReport.Identity(id(), addresses.grpc(), models, labels, setup.engine().weight());
    EngineMetrics seen = monitor.lastMetrics();
    double readySeconds = everReady ? (nowNanos - readySinceNanos) / NANOS_PER_SECOND : 0;
    return new ReplicaReport(
        identity,
        epoch,
        sequence,
        publishedState,
        readySeconds,
        load(seen, nowNanos),
        activity.cache(seen == null ? 0 : seen.kvUsedTokens(), nowNanos),
        prefillTimes.speed(),
        activity.families(nowNanos),
        activity.anchors(nowNanos),
        new ReplicaReport.Totals(cachedTotal, computedTotal, finishedTotal));
  }

  /** The engine's counts include other clients' requests, the agent's own are newer: the larger. */
  private ReplicaReport.Load load(@Nullable EngineMetrics seen, long nowNanos) {
    int engineWaiting = seen == null ? 0 : seen.waitingRequests();
    int engineRunning = seen == null ? 0 : seen.runningRequests();
    double pendingSeconds = Math.max(0, queue.pendingWorkSeconds(nowNanos));
    boolean preempting = everPreempted && nowNanos - preemptedNanos < PREEMPTION_NANOS;
    AgentConfig.Queue limits = setup.config().queue();
    double saturation =
        Saturation.of(
            new Saturation.Signals(
                queue.waitingRequests(),
                limits.size(),
                pendingSeconds,
                limits.maxPendingWork().toNanos() / NANOS_PER_SECOND,
                seen == null ? 0 : seen.kvUsageRatio(),
                engineWaiting,
                preempting));
    return new ReplicaReport.Load(
        queue.pendingPrefillTokens(nowNanos),
        pendingSeconds,
        Math.max(engineRunning, atEngine - engineWaiting),
        queue.waitingRequests() + engineWaiting,
        saturation);
  }
}
