package io.warmpath.simulator.replay;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Results for people: one row a policy and speed, means over its seeds; below them, where there are
 * several seeds, the lowest and the highest of each, and where one family is hot, how it fared.
 */
public final class ReplayTable {

  /** A family with this share of the requests is worth a line. */
  private static final double HOT_SHARE = 0.1;

  private ReplayTable() {}

  /** Returns the table. */
  public static String of(List<ReplayResult> results) {
    Map<String, List<ReplayResult>> byPolicy = new LinkedHashMap<>();
    boolean severalSpeeds =
        results.stream().mapToDouble(each -> each.run().speed()).distinct().count() > 1;
    for (ReplayResult result : results) {
      String policy = result.run().policy();
      String name = severalSpeeds ? policy + " x" + result.run().speed() : policy;
      byPolicy.computeIfAbsent(name, key -> new ArrayList<>()).add(result);
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
    if (results.size() > byPolicy.size()) {
      table.append(
          "%nlowest..highest of the seeds:%n%-24s %16s %16s %16s %16s%n"
              .formatted("policy", "hit %", "mean s", "p95 s", "work m/m"));
      byPolicy.forEach((name, runs) -> table.append(spreadRow(name, runs)));
    }
    if (results.stream().anyMatch(run -> run.hottest().requestShare() >= HOT_SHARE)) {
      table.append("%nthe hottest family beside the others:%n".formatted());
      byPolicy.forEach((name, runs) -> table.append(hottestRow(name, runs)));
    }
    return table.toString();
  }

  private static String spreadRow(String name, List<ReplayResult> runs) {
    return String.format(
        Locale.ROOT,
        "%-24s %16s %16s %16s %16s%n",
        name,
        spread("%.1f", runs, run -> 100 * run.tokenHitRate()),
        spread("%.3f", runs, ReplayResult::ttftMeanSeconds),
        spread("%.3f", runs, run -> run.ttftSeconds(95)),
        spread("%.2f", runs, run -> run.balance().workMaxOverMean()));
  }

  @SuppressWarnings("AnnotateFormatMethod") // all callers are above and pass one number
  private static String spread(
      String format, List<ReplayResult> runs, ToDoubleFunction<ReplayResult> value) {
    DoubleSummaryStatistics all = runs.stream().mapToDouble(value).summaryStatistics();
    return String.format(Locale.ROOT, format + ".." + format, all.getMin(), all.getMax());
  }

  private static String hottestRow(String name, List<ReplayResult> runs) {
    return String.format(
        Locale.ROOT,
        "%-24s %5.1f%% of the requests, p95 %.3f s, others %.3f s%n",
        name,
        100 * mean(runs, run -> run.hottest().requestShare()),
        mean(runs, run -> run.hottest().p95Seconds()),
        mean(runs, run -> run.hottest().othersP95Seconds()));
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
