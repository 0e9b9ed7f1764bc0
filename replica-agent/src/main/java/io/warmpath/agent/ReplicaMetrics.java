package io.warmpath.agent;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.warmpath.agent.kv.CacheContent;
import io.warmpath.agent.kv.KvEventSubscriber;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.v1.RefusalReason;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The metrics of one replica, {@code warmpath.agent.*} with a tag {@code replica}. Thread-safe. */
final class ReplicaMetrics {

  private final MeterRegistry registry;
  private final Tags tags;
  private final Map<Outcome, Counter> requests = new EnumMap<>(Outcome.class);
  private final Map<RefusalReason, Counter> refusals = new EnumMap<>(RefusalReason.class);
  private final Map<CachedTokens, Counter> usages = new EnumMap<>(CachedTokens.class);
  private final Timer firstToken;
  private final Timer queueWait;
  private final Counter cachedTokens;
  private final Counter computedTokens;
  private final Counter completionTokens;
  private final Counter malformedStreams;
  private final Counter reports;
  private final Counter epochs;

  /** How a request ended that the replica took. */
  enum Outcome {
    COMPLETED,
    CANCELLED,
    ENGINE_REFUSED,
    ENGINE_FAILED,
    MALFORMED,
    DRAINED,
  }

  /** Where the number of cached tokens of an answer is from. */
  enum CachedTokens {
    /** The engine's own usage. */
    TOLD,
    /** The engine's counter of all of them. */
    MEASURED,
    /** What the router expected. */
    EXPECTED,
  }

  ReplicaMetrics(MeterRegistry registry, String replicaId) {
    this.registry = registry;
    this.tags = Tags.of("replica", replicaId);
    for (Outcome outcome : Outcome.values()) {
      requests.put(outcome, counter("requests", "outcome", lower(outcome)));
    }
    for (RefusalReason reason : RefusalReason.values()) {
      String name = lower(reason).replace("refusal_reason_", "");
      refusals.put(reason, counter("refusals", "reason", name));
    }
    firstToken =
        Timer.builder("warmpath.agent.first.token")
            .description("Time from a request's arrival at the agent to its first output")
            .publishPercentileHistogram()
            .tags(tags)
            .register(registry);
    queueWait =
        Timer.builder("warmpath.agent.queue.wait")
            .description("Time that a request waited in the agent")
            .publishPercentileHistogram()
            .tags(tags)
            .register(registry);
    cachedTokens = counter("tokens", "kind", "cached");
    computedTokens = counter("tokens", "kind", "computed");
    completionTokens = counter("tokens", "kind", "completion");
    for (CachedTokens source : CachedTokens.values()) {
      usages.put(source, counter("usages", "cached", lower(source)));
    }
    malformedStreams = registry.counter("warmpath.agent.malformed.streams", tags);
    reports = registry.counter("warmpath.agent.reports", tags);
    epochs = registry.counter("warmpath.agent.epochs", tags);
  }

  /** Gauges of what the replica last reported of itself. */
  void watch(Supplier<@Nullable ReplicaReport> lastReport) {
    gauge("pending.work.seconds", lastReport, report -> report.load().pendingWorkSeconds());
    gauge("running.requests", lastReport, report -> report.load().runningRequests());
    gauge("waiting.requests", lastReport, report -> report.load().waitingRequests());
    gauge("saturation", lastReport, report -> report.load().saturation());
    gauge("kv.used.tokens", lastReport, report -> report.cache().usedTokens());
    gauge("kv.capacity.tokens", lastReport, report -> report.cache().capacityTokens());
    gauge("prefill.tokens.per.second", lastReport, report -> report.prefill().tokensPerSecond());
    gauge("prefill.overhead.seconds", lastReport, report -> report.prefill().overheadSeconds());
    for (ReplicaReport.State state : ReplicaReport.State.values()) {
      Gauge.builder("warmpath.agent.state", () -> isIn(state, lastReport.get()) ? 1 : 0)
          .tags(tags.and("state", lower(state)))
          .register(registry);
    }
  }

  private static boolean isIn(ReplicaReport.State state, @Nullable ReplicaReport report) {
    return report != null && report.state() == state;
  }

  /** How long prompts are beside what routers take them for. */
  void watch(PromptLengths lengths) {
    registry.gauge("warmpath.agent.prompt.length.ratio", tags, lengths, PromptLengths::ratio);
  }

  /** Counts of the engine's cache events. */
  void watch(KvEventSubscriber events, CacheContent content) {
    events("batches", events, KvEventSubscriber::batches);
    events("replayed", events, KvEventSubscriber::replayed);
    events("gaps", events, KvEventSubscriber::gaps);
    events("losses", events, KvEventSubscriber::losses);
    events("malformed", events, KvEventSubscriber::malformed);
    events("unknown.parents", content, CacheContent::unknownParents);
    events("overflows", content, CacheContent::overflows);
  }

  private <T> void events(String name, T source, ToDoubleFunction<T> count) {
    FunctionCounter.builder("warmpath.agent.kv.events." + name, source, count)
        .tags(tags)
        .register(registry);
  }

  void ended(Outcome outcome) {
    Objects.requireNonNull(requests.get(outcome)).increment();
  }

  void refused(RefusalReason reason) {
    Objects.requireNonNull(refusals.get(reason)).increment();
  }

  void waited(long nanos) {
    queueWait.record(nanos, TimeUnit.NANOSECONDS);
  }

  void firstToken(long nanos) {
    firstToken.record(nanos, TimeUnit.NANOSECONDS);
  }

  void tokens(int cached, int computed, int completion) {
    cachedTokens.increment(cached);
    computedTokens.increment(computed);
    completionTokens.increment(completion);
  }

  void cachedTokensFrom(CachedTokens source) {
    Objects.requireNonNull(usages.get(source)).increment();
  }

  void malformedStream() {
    malformedStreams.increment();
  }

  void scraped(String result) {
    counter("scrapes", "result", result.toLowerCase(Locale.ROOT)).increment();
  }

  void reported() {
    reports.increment();
  }

  void epochBegan() {
    epochs.increment();
  }

  private Counter counter(String name, String tag, String value) {
    return registry.counter("warmpath.agent." + name, tags.and(tag, value));
  }

  private void gauge(
      String name,
      Supplier<@Nullable ReplicaReport> lastReport,
      ToDoubleFunction<ReplicaReport> value) {
    // A gauge over an object would hold it weakly, and here nothing else holds the supplier.
    Gauge.builder("warmpath.agent." + name, () -> valueOf(lastReport.get(), value))
        .tags(tags)
        .register(registry);
  }

  private static double valueOf(
      @Nullable ReplicaReport report, ToDoubleFunction<ReplicaReport> value) {
    return report == null ? Double.NaN : value.applyAsDouble(report);
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
