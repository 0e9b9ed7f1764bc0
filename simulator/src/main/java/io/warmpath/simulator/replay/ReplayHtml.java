package io.warmpath.simulator.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** Writes results as one HTML page: the table, and plots that need no script. */
public final class ReplayHtml {

  private static final int CDF_POINTS = 200;
  private static final double SHORTEST_SECONDS = 0.01;
  private static final double LONGEST_SECONDS = 100;

  private static final String HEAD =
      """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>Warmpath replay</title>
      <style>body{font:14px sans-serif;margin:2em;max-width:1400px}svg{margin:0 1em 1em 0}
      pre{overflow-x:auto}b{margin-right:1em}</style></head><body>
      <h1>Warmpath replay</h1>
      """;

  private final List<ReplayResult> results;
  private final List<String> policies;
  private final List<Double> speeds;

  private ReplayHtml(List<ReplayResult> results) {
    this.results = results;
    this.policies = results.stream().map(each -> each.run().policy()).distinct().toList();
    this.speeds = results.stream().map(each -> each.run().speed()).distinct().sorted().toList();
  }

  /** Writes {@code results} to {@code file}. */
  public static void write(List<ReplayResult> results, Path file) throws IOException {
    Files.writeString(file, new ReplayHtml(results).page());
  }

  private String page() {
    StringBuilder page = new StringBuilder(HEAD);
    for (double speed : speeds) {
      page.append("<h2>Speed ").append(speed).append("</h2>\n<pre>");
      page.append(ReplayTable.of(at(speed))).append("</pre>\n");
    }
    page.append("<p>");
    for (int i = 0; i < policies.size(); i++) {
      page.append("<b style='color:%s'>%s</b>".formatted(SvgPlot.color(i), policies.get(i)));
    }
    page.append("</p>\n");
    page.append(hitRates()).append(latencies()).append(firstTokens(speeds.getFirst()));
    for (int i = 0; i < policies.size(); i++) {
      page.append(work(i, speeds.getFirst()));
    }
    return page.append("</body></html>\n").toString();
  }

  private String hitRates() {
    double most = results.stream().mapToDouble(ReplayResult::tokenHitRate).max().orElse(0);
    return overSpeed(
        "Token hit rate against load",
        new SvgPlot.Axis("hit rate, %", 0, Math.max(1, 110 * most), false),
        each -> 100 * each.tokenHitRate());
  }

  private String latencies() {
    return overSpeed(
        "p95 of first-token times against load",
        new SvgPlot.Axis("seconds", SHORTEST_SECONDS, LONGEST_SECONDS, true),
        each -> Math.max(SHORTEST_SECONDS, each.ttftSeconds(95)));
  }

  private String overSpeed(
      String title, SvgPlot.Axis vertical, ToDoubleFunction<ReplayResult> value) {
    double margin = speeds.size() == 1 ? 1 : 0;
    SvgPlot plot =
        new SvgPlot(
            title,
            new SvgPlot.Axis("speed", speeds.getFirst() - margin, speeds.getLast() + margin, false),
            vertical);
    double[] xs = speeds.stream().mapToDouble(Double::doubleValue).toArray();
    for (int i = 0; i < policies.size(); i++) {
      double[] ys = new double[xs.length];
      for (int j = 0; j < xs.length; j++) {
        ys[j] = of(policies.get(i), xs[j]).stream().mapToDouble(value).average().orElse(0);
      }
      plot.line(i, xs, ys);
    }
    return plot.svg();
  }

  private String firstTokens(double speed) {
    SvgPlot plot =
        new SvgPlot(
            "First-token times, cumulative, at speed " + speed,
            new SvgPlot.Axis("seconds", SHORTEST_SECONDS, LONGEST_SECONDS, true),
            new SvgPlot.Axis("% of requests", 0, 100, false));
    for (int i = 0; i < policies.size(); i++) {
      Histogram all = new Histogram(3);
      of(policies.get(i), speed).forEach(each -> all.add(each.ttftMicros()));
      double[] xs = new double[CDF_POINTS];
      double[] ys = new double[CDF_POINTS];
      for (int j = 0; j < CDF_POINTS; j++) {
        double share = (double) j / (CDF_POINTS - 1);
        xs[j] = SHORTEST_SECONDS * Math.pow(LONGEST_SECONDS / SHORTEST_SECONDS, share);
        ys[j] = all.getPercentileAtOrBelowValue(Math.round(xs[j] * 1e6));
      }
      plot.line(i, xs, ys);
    }
    return plot.svg();
  }

  /** The first seed's: a mean over seeds would hide what one run did to a replica. */
  private String work(int policy, double speed) {
    ReplayResult first = of(policies.get(policy), speed).getFirst();
    List<Double> percents = new ArrayList<>();
    first.balance().busyShares().forEach(share -> percents.add(100 * share));
    SvgPlot plot =
        new SvgPlot(
            "Prefill work per replica: " + policies.get(policy),
            new SvgPlot.Axis("replica", 0, percents.size(), false),
            new SvgPlot.Axis("% of time", 0, 100, false));
    plot.bars(policy, percents);
    return plot.svg();
  }

  private List<ReplayResult> at(double speed) {
    return results.stream().filter(each -> each.run().speed() == speed).toList();
  }

  private List<ReplayResult> of(String policy, double speed) {
    return at(speed).stream().filter(each -> each.run().policy().equals(policy)).toList();
  }
}
