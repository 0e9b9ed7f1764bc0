package io.warmpath.bench.relay;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures what the router adds: the same requests to an echo server directly and through a router,
 * in turns, each server in its own process. Prints a table; a cell is the median of the rounds.
 */
@Command(name = "relay", description = "Latency and processor time that the router adds.")
public final class RelayBenchmark implements Callable<Integer> {

  @Option(names = "--rounds", description = "turns of direct and routed (default 5)")
  private int rounds = 5;

  @Option(names = "--seconds", description = "length of one turn of one scenario (default 6)")
  private double seconds = 6;

  @Option(names = "--only", description = "name of one scenario")
  private @Nullable String only;

  private RelayBenchmark() {}

  /** One turn: what the client measured, and processor microseconds a request. */
  private record Turn(Timings timings, int requests, double echoMicros, double routerMicros) {}

  /** Runs from the command line. */
  public static void main(String[] arguments) {
    System.setProperty(RelayChild.LOG_SETTING, RelayChild.LOG_CONFIG);
    System.exit(new CommandLine(new RelayBenchmark()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    try (RelayChild echo = RelayChild.echo();
        RelayChild router = RelayChild.router(echo.port());
        OpenLoop direct = new OpenLoop(echo.port());
        OpenLoop routed = new OpenLoop(router.port())) {
      for (Scenario scenario : Scenario.ALL) {
        turn(scenario, echo, router, direct); // Compiles what all scenarios share.
        turn(scenario, echo, router, routed);
      }
      System.out.println(
          "| scenario | path | first chunk p50 / p99 ms | last chunk p50 / p99 ms"
              + " | chunk delay p50 / p99 ms | CPU us/request: echo, router"
              + " | requests/s per core: echo, router | failed |");
      System.out.println("|---|---|---|---|---|---|---|---|");
      for (Scenario scenario : Scenario.ALL) {
        if (only == null || only.equals(scenario.name())) {
          measure(scenario, echo, router, direct, routed);
        }
      }
    }
    return 0;
  }

  private void measure(
      Scenario scenario, RelayChild echo, RelayChild router, OpenLoop direct, OpenLoop routed)
      throws InterruptedException {
    turn(scenario, echo, router, direct); // Warms up what is its own.
    turn(scenario, echo, router, routed);
    List<Turn> directTurns = new ArrayList<>();
    List<Turn> routedTurns = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      directTurns.add(turn(scenario, echo, router, direct));
      routedTurns.add(turn(scenario, echo, router, routed));
    }
    print(scenario, directTurns, routedTurns);
  }

  private Turn turn(Scenario scenario, RelayChild echo, RelayChild router, OpenLoop client)
      throws InterruptedException {
    int count = Math.max(1, (int) (seconds * scenario.requestsPerSecond()));
    double echoBefore = echo.cpuSeconds();
    double routerBefore = router.cpuSeconds();
    Timings timings = client.run(scenario, count);
    return new Turn(
        timings,
        count,
        (echo.cpuSeconds() - echoBefore) * 1e6 / count,
        (router.cpuSeconds() - routerBefore) * 1e6 / count);
  }

  private static void print(Scenario scenario, List<Turn> direct, List<Turn> routed) {
    row(scenario.name() + " | direct", direct);
    row(scenario.name() + " | routed", routed);
    double echoMicros = median(direct, Turn::echoMicros);
    double routerMicros = median(routed, Turn::routerMicros);
    System.out.printf(
        Locale.ROOT,
        "| %s | added | %s | %s | %s | router / echo: %.2f | router / echo: %.2f | |%n",
        scenario.name(),
        added(direct, routed, Timings::first),
        added(direct, routed, Timings::last),
        added(direct, routed, Timings::chunk),
        routerMicros / echoMicros,
        echoMicros / routerMicros);
  }

  private static void row(String label, List<Turn> turns) {
    double echoMicros = median(turns, Turn::echoMicros);
    double routerMicros = median(turns, Turn::routerMicros);
    System.out.printf(
        Locale.ROOT,
        "| %s | %s | %s | %s | %.0f, %.0f | %.0f, %s | %d |%n",
        label,
        times(turns, Timings::first),
        times(turns, Timings::last),
        times(turns, Timings::chunk),
        echoMicros,
        routerMicros,
        1e6 / echoMicros,
        label.endsWith("routed") ? String.format(Locale.ROOT, "%.0f", 1e6 / routerMicros) : "-",
        turns.stream().mapToInt(turn -> turn.timings.failures()).sum());
    for (Turn turn : turns) {
      if (turn.timings.firstFailure() != null) {
        System.err.println(label + ": " + turn.timings.firstFailure());
        break;
      }
    }
  }

  /** Picks one of the histograms. */
  @FunctionalInterface
  private interface Which {
    Histogram of(Timings timings);
  }

  private static String times(List<Turn> turns, Which which) {
    return String.format(
        Locale.ROOT, "%.2f / %.2f", millis(turns, which, 50), millis(turns, which, 99));
  }

  private static String added(List<Turn> direct, List<Turn> routed, Which which) {
    double p50 = millis(routed, which, 50) - millis(direct, which, 50);
    double p99 = millis(routed, which, 99) - millis(direct, which, 99);
    return String.format(Locale.ROOT, "%+.2f / %+.2f", p50, p99);
  }

  private static double millis(List<Turn> turns, Which which, double percentile) {
    return median(turns, turn -> which.of(turn.timings).getValueAtPercentile(percentile) / 1e6);
  }

  private static double median(List<Turn> turns, ToDoubleFunction<Turn> value) {
    double[] sorted = turns.stream().mapToDouble(value).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
