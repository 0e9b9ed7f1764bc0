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
  private final Counter otherTenants;
  private final Counter otherFamilies;

  UsageMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.failedWrites =
        Counter.builder("warmpath.usage.failed.writes")
            .description("Attempts to write usage to its file that failed and are repeated")
            .register(registry);
    this.otherTenants = other(registry, "tenant");
    this.otherFamilies = other(registry, "family");
  }

  private static Counter other(MeterRegistry registry, String what) {
    return Counter.builder("warmpath.usage.other")
        .description("Answers whose tenant or family is counted as `other`")
        .tag("what", what)
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
    if (key.tenant().equals(UsageKey.OTHER_TENANT)) {
      otherTenants.increment((double) counts.requests());
    }
    if (key.family() == UsageKey.OTHER_FAMILY) {
      otherFamilies.increment((double) counts.requests());
    }
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
