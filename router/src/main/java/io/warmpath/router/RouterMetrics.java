package io.warmpath.router;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** What is measured of the router as a whole. */
final class RouterMetrics {

  private RouterMetrics() {}

  /** Registers the gauges; each is read when metrics are scraped. */
  static void register(
      MeterRegistry registry,
      InFlight inFlight,
      BodyMemory bodies,
      Supplier<RoutingTable> table,
      BooleanSupplier connected,
      Ticker ticker) {
    Gauge.builder("warmpath.router.in.flight", inFlight, InFlight::count)
        .description("Requests that the router holds")
        .register(registry);
    Gauge.builder("warmpath.router.body.bytes", bodies, BodyMemory::heldBytes)
        .description("Bytes of request bodies that the HTTP door holds")
        .baseUnit("bytes")
        .register(registry);
    // Suppliers are held; an object that a gauge is built over is not.
    Gauge.builder("warmpath.router.fleet.view", () -> table.get().number())
        .description("Number of the published view of the fleet")
        .register(registry);
    Gauge.builder(
            "warmpath.router.fleet.view.age",
            () -> (ticker.nanos() - table.get().publishedNanos()) / 1e9)
        .description("Time since the last view of the fleet was published")
        .baseUnit("seconds")
        .register(registry);
    Gauge.builder("warmpath.router.membership.connected", () -> connected.getAsBoolean() ? 1 : 0)
        .description("1 while views follow the cluster, 0 while they are frozen")
        .register(registry);
    for (ReplicaReport.State state : ReplicaReport.State.values()) {
      Gauge.builder("warmpath.router.replicas", () -> count(table.get(), state))
          .description("Replicas by state")
          .tag("state", state.name().toLowerCase(Locale.ROOT))
          .register(registry);
    }
  }

  private static long count(RoutingTable table, ReplicaReport.State state) {
    return table.view().replicas().stream().filter(o -> o.report().state() == state).count();
  }
}
