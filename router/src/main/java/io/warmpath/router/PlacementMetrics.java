package io.warmpath.router;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementCounters;
import io.warmpath.routing.ShadowCounters;
import java.util.function.ToDoubleFunction;

/** What a model's placement counts of itself, as meters. */
final class PlacementMetrics {

  private PlacementMetrics() {}

  /** Registers the meters; each is read when metrics are scraped. */
  static void register(MeterRegistry registry, String model, Placement placement) {
    counter(
        registry,
        model,
        placement,
        "spills",
        "Placements outside the family's replica set",
        PlacementCounters::spilled);
    counter(
        registry,
        model,
        placement,
        "rejections",
        "Requests that no replica could take",
        PlacementCounters::rejected);
    counter(
        registry,
        model,
        placement,
        "shadow.disagreements",
        "Placements in shadow mode that affinity would have made elsewhere",
        PlacementCounters::shadowDisagreed);
    counter(
        registry,
        model,
        placement,
        "anchors.evicted",
        "Prefixes forgotten for others",
        PlacementCounters::anchorsEvicted);
    shadow(registry, model, placement);
    gauge(registry, model, placement, "anchors", "Prefixes remembered", PlacementCounters::anchors);
    gauge(
        registry, model, placement, "leases", "Requests on replicas", PlacementCounters::inFlight);
    gauge(
        registry,
        model,
        placement,
        "ejected",
        "Replicas left alone because they failed",
        PlacementCounters::ejectedReplicas);
  }

  private static void shadow(MeterRegistry registry, String model, Placement placement) {
    shadowTokens(registry, model, placement, "prompt", ShadowCounters::promptTokens);
    shadowTokens(registry, model, placement, "cached", ShadowCounters::cachedTokens);
    shadowTokens(
        registry, model, placement, "affinity_cached", ShadowCounters::affinityCachedTokens);
    shadowBalance(registry, model, placement, "actual", ShadowCounters::workMaxToMean);
    shadowBalance(registry, model, placement, "affinity", ShadowCounters::affinityWorkMaxToMean);
  }

  private static void shadowTokens(
      MeterRegistry registry,
      String model,
      Placement placement,
      String kind,
      ToDoubleFunction<ShadowCounters> value) {
    FunctionCounter.builder(
            "warmpath.router.shadow.tokens",
            placement,
            p -> value.applyAsDouble(p.counters().shadow()))
        .description("Tokens placed in shadow mode, and what of them is expected to be cached")
        .tag("model", model)
        .tag("kind", kind)
        .register(registry);
  }

  private static void shadowBalance(
      MeterRegistry registry,
      String model,
      Placement placement,
      String kind,
      ToDoubleFunction<ShadowCounters> value) {
    Gauge.builder(
            "warmpath.router.shadow.work.max.to.mean",
            placement,
            p -> value.applyAsDouble(p.counters().shadow()))
        .description("Work given to the busiest replica over the mean, in shadow mode, of late")
        .tag("model", model)
        .tag("kind", kind)
        .register(registry);
  }

  private static void counter(
      MeterRegistry registry,
      String model,
      Placement placement,
      String name,
      String description,
      ToDoubleFunction<PlacementCounters> value) {
    FunctionCounter.builder(
            "warmpath.router." + name, placement, p -> value.applyAsDouble(p.counters()))
        .description(description)
        .tag("model", model)
        .register(registry);
  }

  private static void gauge(
      MeterRegistry registry,
      String model,
      Placement placement,
      String name,
      String description,
      ToDoubleFunction<PlacementCounters> value) {
    Gauge.builder("warmpath.router." + name, placement, p -> value.applyAsDouble(p.counters()))
        .description(description)
        .tag("model", model)
        .register(registry);
  }
}
