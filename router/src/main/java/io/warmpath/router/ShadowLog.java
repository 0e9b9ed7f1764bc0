package io.warmpath.router;

import io.warmpath.routing.Placement;
import io.warmpath.routing.ShadowCounters;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says once a minute what affinity would have done for each model in shadow mode. Of one thread.
 */
final class ShadowLog {

  private static final Logger LOG = LoggerFactory.getLogger(ShadowLog.class);

  private static final long PERIOD_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Map<String, ShadowCounters> told = new HashMap<>();
  private long lastNanos;

  ShadowLog(long nowNanos) {
    this.lastNanos = nowNanos;
  }

  /** Whether it is time to tell again; then every model's placement is told once. */
  boolean isDue(long nowNanos) {
    if (nowNanos - lastNanos < PERIOD_NANOS) {
      return false;
    }
    lastNanos = nowNanos;
    return true;
  }

  /** Tells of one model, unless nothing was placed in shadow mode since the last time. */
  void tell(String model, Placement placement) {
    ShadowCounters now = placement.counters().shadow();
    ShadowCounters before = told.put(model, now);
    long prompt = now.promptTokens() - (before == null ? 0 : before.promptTokens());
    if (prompt == 0) {
      return;
    }
    long cached = now.cachedTokens() - (before == null ? 0 : before.cachedTokens());
    long affinity =
        now.affinityCachedTokens() - (before == null ? 0 : before.affinityCachedTokens());
    LOG.info("{}", line(model, prompt, cached, affinity, now));
  }

  /** The line: tokens of the last minute, and how even the work is. */
  static String line(
      String model, long prompt, long cached, long affinity, ShadowCounters balance) {
    return ("shadow %s: of %,d prompt tokens %,d (%.1f %%) are expected in a cache, affinity would"
            + " make it %,d (%.1f %%); work max/mean %.2f, with affinity %.2f")
        .formatted(
            model,
            prompt,
            cached,
            100.0 * cached / prompt,
            affinity,
            100.0 * affinity / prompt,
            balance.workMaxToMean(),
            balance.affinityWorkMaxToMean());
  }
}
