package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.warmpath.routing.Ticker;
import io.warmpath.v1.ConfigStatus;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What became of the configs a router was given. Written by one thread, read by any. */
final class ConfigState {

  private static final Logger LOG = LoggerFactory.getLogger(ConfigState.class);

  private final Ticker ticker;
  private final Counter applied;
  private final Counter refused;
  private volatile Snapshot newest;

  /** The state at one moment. */
  private record Snapshot(
      long generation,
      long appliedNanos,
      long refusals,
      String refusal,
      @Var List<String> needsRestart) {

    Snapshot {
      needsRestart = List.copyOf(needsRestart);
    }
  }

  ConfigState(MeterRegistry registry, Ticker ticker) {
    this.ticker = ticker;
    this.newest = new Snapshot(1, ticker.nanos(), 0, "", List.of());
    this.applied = reloads(registry, "applied");
    this.refused = reloads(registry, "refused");
    Gauge.builder("warmpath.router.config.generation", this, state -> state.newest.generation)
        .description("Configs taken, the first one included")
        .register(registry);
    Gauge.builder(
            "warmpath.router.config.stale", this, state -> state.newest.refusal.isEmpty() ? 0 : 1)
        .description("1 while the newest config is refused and an older one goes on")
        .register(registry);
  }

  private static Counter reloads(MeterRegistry registry, String result) {
    return Counter.builder("warmpath.router.config.reloads")
        .description("New configs by what became of them")
        .tag("result", result)
        .register(registry);
  }

  /** A config was taken, but for the settings of these names. */
  void applied(List<String> needsRestart) {
    Snapshot before = newest;
    newest = new Snapshot(before.generation + 1, ticker.nanos(), before.refusals, "", needsRestart);
    applied.increment();
    LOG.info("config {} is in effect", newest.generation);
    if (!needsRestart.isEmpty()) {
      LOG.warn("these settings changed and need a restart: {}", String.join(", ", needsRestart));
    }
  }

  /** A config was refused for {@code reason}. */
  void refused(String reason) {
    Snapshot before = newest;
    newest =
        new Snapshot(
            before.generation,
            before.appliedNanos,
            before.refusals + 1,
            reason,
            before.needsRestart);
    refused.increment();
    LOG.error("the new config is refused, config {} goes on: {}", before.generation, reason);
  }

  /** Returns what {@code GetFleet} says. */
  ConfigStatus status() {
    Snapshot now = newest;
    return ConfigStatus.newBuilder()
        .setGeneration(now.generation)
        .setAgeSeconds((ticker.nanos() - now.appliedNanos) / 1e9)
        .setRefused(now.refusals)
        .setRefusal(now.refusal)
        .addAllNeedsRestart(now.needsRestart)
        .build();
  }
}
