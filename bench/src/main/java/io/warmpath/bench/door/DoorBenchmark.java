package io.warmpath.bench.door;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Measures what a router costs a streamed OpenAI request: the same open-loop load on four engines
 * that answer at once, directly and through each router, in turns. Prints a table; a cell is the
 * median of the rounds.
 */
@Command(name = "door", description = "Latency and processor time of routers' HTTP doors.")
public final class DoorBenchmark implements Callable<Integer> {

  private static final int ENGINES = 4;
  private static final double NANOS_PER_MILLI = 1e6;

  @Mixin private final DoorRouters routers = new DoorRouters();

  @Option(names = "--rounds", description = "turns of each router (default 5)")
  private @Var int rounds = 5;

  @Option(names = "--seconds", description = "length of one turn of one scenario (default 5)")
  private @Var double seconds = 5;

  @Option(
      names = "--warmup",
      description =
          "seconds of load on each router before all, each scenario in turn (default 150)")
  private @Var double warmupSeconds = 150;

  @Option(names = "--scenario", description = "only scenarios whose name begins so (default all)")
  private @Var String scenarios = "";

  private DoorBenchmark() {}

  /**
   * One turn: what the client measured, and processor microseconds a request by process.
   *
   * @param compilerMicros of them all, what JVMs spent on compiling
   */
  private record Turn(DoorClient.Measured measured, List<Double> micros, double compilerMicros) {

    double allMicros() {
      return micros.stream().mapToDouble(Double::doubleValue).sum();
    }
  }

  /** Runs from the command line. */
  public static void main(String[] arguments) {
    System.setProperty("logback.configurationFile", "io/warmpath/bench/relay/logback.xml");
    System.exit(new CommandLine(new DoorBenchmark()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("warmpath-door");
    List<DoorTarget> targets = new ArrayList<>();
    try (EchoEngines engines = EchoEngines.start(ENGINES)) {
      for (DoorRouters.Chosen router : routers.chosen()) {
        targets.add(router.start(engines.urls(), directory));
      }
      System.out.println(
          "| requests | path | first byte p50 / p99 ms | added p50 ms, all / calm turns"
              + " | CPU us/request | failed |");
      System.out.println("|---|---|---|---|---|---|");
      List<DoorScenario> chosen = DoorScenario.startingWith(scenarios);
      for (DoorTarget target : targets) {
        warmUp(target, chosen);
      }
      for (DoorScenario scenario : chosen) {
        measure(scenario, engines.urls().getFirst(), targets);
      }
      return 0;
    } finally {
      targets.forEach(DoorTarget::close);
    }
  }

  /** A JVM is warm once it has compiled what runs often, which takes it minutes on few cores. */
  private void warmUp(DoorTarget target, List<DoorScenario> chosen) throws InterruptedException {
    int cycles = (int) Math.ceil(warmupSeconds / (chosen.size() * seconds));
    try (DoorClient client = new DoorClient(target.url())) {
      for (int cycle = 0; cycle < cycles; cycle++) {
        for (DoorScenario scenario : chosen) {
          turn(scenario, seconds, client, target);
        }
      }
    }
  }

  private void measure(DoorScenario scenario, String engine, List<DoorTarget> targets)
      throws InterruptedException {
    try (DoorClient direct = new DoorClient(engine)) {
      List<DoorClient> clients =
          targets.stream().map(target -> new DoorClient(target.url())).toList();
      List<Turn> directTurns = new ArrayList<>();
      Map<DoorTarget, List<Turn>> turns = new LinkedHashMap<>();
      for (int i = 0; i < targets.size(); i++) {
        turn(scenario, seconds, clients.get(i), targets.get(i));
      }
      for (int round = 0; round < rounds; round++) {
        directTurns.add(turn(scenario, seconds, direct, null));
        for (int i = 0; i < targets.size(); i++) {
          turns
              .computeIfAbsent(targets.get(i), any -> new ArrayList<>())
              .add(turn(scenario, seconds, clients.get(i), targets.get(i)));
        }
      }
      clients.forEach(DoorClient::close);
      row(scenario, "direct", directTurns, "");
      turns.forEach((target, its) -> row(scenario, target.name(), its, added(its, directTurns)));
    }
  }

  private static Turn turn(
      DoorScenario scenario, double length, DoorClient client, @Nullable DoorTarget target)
      throws InterruptedException {
    int count = Math.max(1, (int) (length * scenario.requestsPerSecond()));
    List<Double> before = target == null ? List.of() : target.cpuSeconds();
    double compilerBefore = target == null ? 0 : target.compilerSeconds();
    DoorClient.Measured measured = client.run(scenario, count);
    List<Double> after = target == null ? List.of() : target.cpuSeconds();
    double compilerAfter = target == null ? 0 : target.compilerSeconds();
    List<Double> micros = new ArrayList<>();
    for (int i = 0; i < before.size(); i++) {
      micros.add((after.get(i) - before.get(i)) * 1e6 / count);
    }
    return new Turn(measured, micros, (compilerAfter - compilerBefore) * 1e6 / count);
  }

  /**
   * Returns what is added to the median. A machine that is shared takes its processors away now and
   * then, which only ever adds: so also between the lower quartiles of the turns.
   */
  private static String added(List<Turn> turns, List<Turn> directTurns) {
    double all = median(turns, DoorBenchmark::p50) - median(directTurns, DoorBenchmark::p50);
    double calm =
        lowerQuartile(turns, DoorBenchmark::p50) - lowerQuartile(directTurns, DoorBenchmark::p50);
    return String.format(Locale.ROOT, "%+.2f / %+.2f", all, calm);
  }

  private static void row(DoorScenario scenario, String path, List<Turn> turns, String added) {
    StringBuilder cpu = new StringBuilder();
    int processes = turns.getFirst().micros.size();
    for (int i = 0; i < processes; i++) {
      int process = i;
      cpu.append(i == 0 ? "" : " + ")
          .append(Math.round(median(turns, turn -> turn.micros.get(process))));
    }
    if (processes > 1) {
      cpu.append(" = ").append(Math.round(median(turns, Turn::allMicros)));
    }
    long compilers = Math.round(median(turns, Turn::compilerMicros));
    if (compilers > 0) {
      cpu.append(", compilers ").append(compilers);
    }
    System.out.printf(
        Locale.ROOT,
        "| %s | %s | %.2f / %.2f | %s | %s | %d |%n",
        scenario.name(),
        path,
        median(turns, DoorBenchmark::p50),
        median(turns, turn -> millis(turn, 99)),
        added,
        cpu,
        turns.stream().mapToInt(turn -> turn.measured.failed()).sum());
  }

  private static double millis(Turn turn, double percentile) {
    return turn.measured.first().getValueAtPercentile(percentile) / NANOS_PER_MILLI;
  }

  private static double p50(Turn turn) {
    return millis(turn, 50);
  }

  private static double median(List<Turn> turns, ToDoubleFunction<Turn> value) {
    return sorted(turns, value)[turns.size() / 2];
  }

  private static double lowerQuartile(List<Turn> turns, ToDoubleFunction<Turn> value) {
    return sorted(turns, value)[turns.size() / 4];
  }

  private static double[] sorted(List<Turn> turns, ToDoubleFunction<Turn> value) {
    return turns.stream().mapToDouble(value).sorted().toArray();
  }
}
