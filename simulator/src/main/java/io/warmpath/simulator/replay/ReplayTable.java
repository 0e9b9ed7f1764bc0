package io.warmpath.simulator.replay;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Results for people: one row a policy, means over its seeds. */
public final class ReplayTable {

  private ReplayTable() {}

  /** Returns the table. */
  public static String of(List<ReplayResult> results) {
    Map<String, List<ReplayResult>> byPolicy = new LinkedHashMap<>();
    for (ReplayResult result : results) {
      byPolicy.computeIfAbsent(result.run().policy(), name -> new ArrayList<>()).add(result);
    }
    StringBuilder table = new StringBuilder();
    table.append(
        "%-24s %7s %8s %8s %8s %8s %8s %8s %8s %7s %7s %8s %8s %7s%n"
            .formatted(
                "policy",
                "hit",
                "mean s",
                "p50 s",
                "p95 s",
                "p99 s",
                "req m/m",
                "work m/m",
                "refused",
                "in time",
                "tokens",
                "refusals",
                "errors",
                "wall s"));
    byPolicy.forEach((name, runs) -> table.append(row(name, runs)));
    return table.toString();
  }

  private static String row(String name, List<ReplayResult> runs) {
    return String.format(
        Locale.ROOT,
        "%-24s %6.1f%% %8.3f %8.3f %8.3f %8.3f %8.2f %8.2f %7.1f%% %6.1f%% %6.1f%% %8.2f %8.0f"
            + " %7.1f%n",
        name,
        100 * mean(runs, ReplayResult::tokenHitRate),
        mean(runs, ReplayResult::ttftMeanSeconds),
        mean(runs, run -> run.ttftSeconds(50)),
        mean(runs, run -> run.ttftSeconds(95)),
        mean(runs, run -> run.ttftSeconds(99)),
        mean(runs, run -> run.balance().requestsMaxOverMean()),
        mean(runs, run -> run.balance().workMaxOverMean()),
        100 * mean(runs, run -> (double) run.outcomes().refused() / run.outcomes().requests()),
        100 * mean(runs, run -> run.target().requestShare()),
        100 * mean(runs, run -> run.target().tokenShare()),
        mean(runs, run -> (double) run.decisions().refusals() / run.outcomes().requests()),
        mean(runs, run -> run.outcomes().errors() + run.outcomes().cutStreams()),
        mean(runs, run -> run.run().wallSeconds()));
  }

  private static double mean(List<ReplayResult> runs, ToDoubleFunction<ReplayResult> value) {
    return runs.stream().mapToDouble(value).average().orElse(0);
  }
}
