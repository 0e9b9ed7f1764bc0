package io.warmpath.router;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.warmpath.routing.PickReason;
import io.warmpath.v1.RefusalReason;
import io.warmpath.v1.Usage;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What is counted of one model's requests. Thread-safe; every meter is made once, not per call. */
final class ModelMetrics {

  private static final String REFUSAL_PREFIX = "REFUSAL_REASON_";

  private static final Duration[] TTFT_BUCKETS = {
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofMillis(750),
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(30),
    Duration.ofSeconds(60),
  };

  private final Counter completed;
  private final Map<RequestFailure.Kind, Counter> failed = new EnumMap<>(RequestFailure.Kind.class);
  private final Map<PickReason, Counter> placed = new EnumMap<>(PickReason.class);
  private final Map<RefusalReason, Counter> refused = new EnumMap<>(RefusalReason.class);
  private final Counter retried;
  private final Counter promptTokens;
  private final Counter cachedTokens;
  private final Counter computedTokens;
  private final Counter completionTokens;
  private final DistributionSummary attempts;
  private final Timer ttftCached;
  private final Timer ttftUncached;
  private final Timer decision;

  ModelMetrics(MeterRegistry registry, String model) {
    completed = requests(registry, model, "completed");
    for (RequestFailure.Kind kind : RequestFailure.Kind.values()) {
      failed.put(kind, requests(registry, model, lower(kind.name())));
    }
    for (PickReason reason : PickReason.values()) {
      placed.put(
          reason,
          counter(registry, "placements", model, "Placements by reason", "reason", reason.name()));
    }
    for (RefusalReason reason : RefusalReason.values()) {
      String name =
          reason.name().startsWith(REFUSAL_PREFIX)
              ? reason.name().substring(REFUSAL_PREFIX.length())
              : reason.name();
      refused.put(
          reason, counter(registry, "refusals", model, "Refusals by agents", "reason", name));
    }
    retried =
        counter(registry, "retries", model, "Tries after a replica failed", "cause", "failure");
    promptTokens = tokens(registry, model, "prompt");
    cachedTokens = tokens(registry, model, "cached");
    computedTokens = tokens(registry, model, "computed");
    completionTokens = tokens(registry, model, "completion");
    attempts =
        DistributionSummary.builder("warmpath.router.attempts")
            .description("Placements a request took")
            .tag("model", model)
            .serviceLevelObjectives(1, 2, 3, 4, 6)
            .register(registry);
    ttftCached = ttft(registry, model, true);
    ttftUncached = ttft(registry, model, false);
    decision =
        Timer.builder("warmpath.router.decision")
            .description("Time of one placement decision, hashing excluded")
            .tag("model", model)
            .serviceLevelObjectives(
                Duration.ofNanos(1_000),
                Duration.ofNanos(5_000),
                Duration.ofNanos(20_000),
                Duration.ofNanos(100_000),
                Duration.ofMillis(1))
            .register(registry);
  }

  void decided(long nanos) {
    decision.record(nanos, TimeUnit.NANOSECONDS);
  }

  void placed(PickReason reason) {
    count(placed.get(reason));
  }

  void refused(RefusalReason reason) {
    count(refused.get(reason));
  }

  void retried() {
    retried.increment();
  }

  void firstToken(double seconds, boolean cached) {
    (cached ? ttftCached : ttftUncached).record((long) (seconds * 1e9), TimeUnit.NANOSECONDS);
  }

  void completed(Usage usage) {
    completed.increment();
    promptTokens.increment(usage.getPromptTokens());
    cachedTokens.increment(usage.getCachedTokens());
    computedTokens.increment(Math.max(0, usage.getPromptTokens() - usage.getCachedTokens()));
    completionTokens.increment(usage.getCompletionTokens());
  }

  void failed(RequestFailure.Kind kind) {
    count(failed.get(kind));
  }

  void tried(int placements) {
    attempts.record(placements);
  }

  private static void count(@org.jspecify.annotations.Nullable Counter counter) {
    if (counter != null) {
      counter.increment();
    }
  }

  private static Counter requests(MeterRegistry registry, String model, String outcome) {
    return counter(registry, "requests", model, "Requests by outcome", "outcome", outcome);
  }

  private static Counter tokens(MeterRegistry registry, String model, String kind) {
    return counter(registry, "tokens", model, "Tokens of completed requests", "kind", kind);
  }

  private static Counter counter(
      MeterRegistry registry,
      String name,
      String model,
      String description,
      String tag,
      String value) {
    return Counter.builder("warmpath.router." + name)
        .description(description)
        .tag("model", model)
        .tag(tag, lower(value))
        .register(registry);
  }

  private static Timer ttft(MeterRegistry registry, String model, boolean cached) {
    return Timer.builder("warmpath.router.ttft")
        .description("Time from a request's arrival to its first token")
        .tag("model", model)
        .tag("cached", Boolean.toString(cached))
        .serviceLevelObjectives(TTFT_BUCKETS)
        .register(registry);
  }

  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }
}
