package io.warmpath.router;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementCounters;
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
