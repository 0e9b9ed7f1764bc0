package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.Await;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ReplicaMetricsTest {

  @Test
  void gauges_afterGarbageCollection_stillSayWhatWasReported() {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    ReplicaReport report = report(1.5);
    // A new object a call, as a method reference of a live replica is one.
    new ReplicaMetrics(registry, "r").watch(() -> report);
    WeakReference<Object> garbage = new WeakReference<>(new Object());
    Await.until(
        "a collection",
        Duration.ofSeconds(20),
        () -> {
          System.gc();
          return garbage.get() == null;
        });
    assertThat(registry.get("warmpath.agent.pending.work.seconds").gauge().value()).isEqualTo(1.5);
    assertThat(registry.get("warmpath.agent.state").tag("state", "ready").gauge().value())
        .isEqualTo(1);
  }

  private static ReplicaReport report(double pendingSeconds) {
    return new ReplicaReport(
        new ReplicaReport.Identity("r", "127.0.0.1:1", List.of(), Map.of(), 1),
        1,
        1,
        ReplicaReport.State.READY,
        1,
        new ReplicaReport.Load(0, pendingSeconds, 0, 0, 0),
        new ReplicaReport.Cache(0, 1, 16, 0, Double.POSITIVE_INFINITY),
        new PrefillSpeed(20_000, 0),
        List.of(),
        RecentAnchors.NONE,
        new ReplicaReport.Totals(0, 0, 0));
  }
}
