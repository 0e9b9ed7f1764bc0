package io.warmpath.router.usage;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashMap;
import java.util.Map;

/**
 * Usage as metrics, {@code warmpath.usage.*}, since the process's start; families are left out.
 * Confined to one thread, but for the counters themselves.
 */
final class UsageMetrics {

  private static final double NANOS = 1e9;

  private final MeterRegistry registry;
  private final Map<UsageKey, Counters> counters = new HashMap<>();
  private final Counter failedWrites;

  UsageMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.failedWrites =
        Counter.builder("warmpath.usage.failed.writes")
            .description("Attempts to write usage to its file that failed and are repeated")
            .register(registry);
  }

  /** What is counted of one tenant, model and class of sessions. */
  private record Counters(
      Counter requests,
      Counter estimated,
      Counter prompt,
      Counter cached,
      Counter completion,
      Counter cost,
      Counter saved) {}

  void add(UsageKey key, UsageCounts counts) {
    Counters of = counters.computeIfAbsent(key.withoutFamily(), this::register);
    of.requests.increment((double) counts.requests());
    of.estimated.increment((double) counts.estimatedRequests());
    of.prompt.increment((double) counts.promptTokens());
    of.cached.increment((double) counts.cachedTokens());
    of.completion.increment((double) counts.completionTokens());
    of.cost.increment(counts.costNanos() / NANOS);
    of.saved.increment(counts.savedNanos() / NANOS);
  }

  /** What was counted could not be written. */
  void writeFailed() {
    failedWrites.increment();
  }

  private Counters register(UsageKey key) {
    return new Counters(
        counter(key, "requests", "Answers that came to their end", ""),
        counter(key, "estimated", "Of these, those whose engine reported no counts", ""),
        counter(key, "tokens", "Tokens of answers that came to their end", "prompt"),
        counter(key, "tokens", "Tokens of answers that came to their end", "cached"),
        counter(key, "tokens", "Tokens of answers that came to their end", "completion"),
        counter(key, "cost", "What they cost at the config's prices", ""),
        counter(key, "saved", "What cached tokens would have cost more at the full price", ""));
  }

  private Counter counter(UsageKey key, String name, String description, String kind) {
    Counter.Builder counter =
        Counter.builder("warmpath.usage." + name)
            .description(description)
            .tag("tenant", key.tenant())
            .tag("model", key.model())
            .tag("session", key.session().word());
    return (kind.isEmpty() ? counter : counter.tag("kind", kind)).register(registry);
  }
}
