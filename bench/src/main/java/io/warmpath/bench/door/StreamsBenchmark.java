package io.warmpath.bench.door;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Measures many streams at a time, directly and through each router: how much longer than the
 * engine's pace clients wait for a chunk, the processor time of a chunk, and what an idle stream
 * takes of memory.
 */
@Command(name = "streams", description = "Stalls, processor time and memory of many streams.")
public final class StreamsBenchmark implements Callable<Integer> {

  private static final int ENGINES = 4;
  private static final double NANOS_PER_MILLI = 1e6;
  private static final Duration IDLE = Duration.ofHours(1);

  @Mixin private final DoorRouters routers = new DoorRouters();

  @Option(names = "--streams", description = "at a time (default 1000)")
  private @Var int streams = 1_000;

  @Option(names = "--rate", description = "chunks a second of each (default 20)")
  private @Var int rate = 20;

  @Option(names = "--seconds", description = "length of a stream, and so of a run (default 15)")
  private @Var int seconds = 15;

  @Option(
      names = "--warmup",
      description = "seconds of such runs on each path before (default 120)")
  private @Var int warmupSeconds = 120;

  private StreamsBenchmark() {}

  /** Runs from the command line. */
  public static void main(String[] arguments) {
    System.setProperty("logback.configurationFile", "io/warmpath/bench/relay/logback.xml");
    System.exit(new CommandLine(new StreamsBenchmark()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("warmpath-streams");
    System.out.println(
        "| path | stalls p50 / p99 / p99.9 / most ms | CPU us/chunk | an idle stream, KiB | failed"
            + " |");
    System.out.println("|---|---|---|---|---|");
    try (EchoEngines engines = EchoEngines.start(ENGINES)) {
      List<String> urls = engines.urls();
      direct(urls.getFirst());
      for (DoorRouters.Chosen router : routers.chosen()) {
        through(router.start(urls, directory));
      }
    }
    return 0;
  }

  private StreamClient.Load load(int lengthSeconds) {
    return new StreamClient.Load(
        streams, lengthSeconds * rate, Duration.ofSeconds(1).dividedBy(rate));
  }

  /* Again and again, since a JVM has to compile also how streams begin and end. */
  private void warmUp(StreamClient client) throws InterruptedException {
    for (int warm = 0; warm < warmupSeconds; warm += seconds) {
      client.run(load(seconds));
    }
  }

  private void direct(String engine) throws InterruptedException {
    try (StreamClient client = new StreamClient(engine)) {
      warmUp(client);
      StreamClient.Measured measured = client.run(load(seconds));
      row("direct", measured, "", "");
    }
  }

  private void through(DoorTarget target) throws IOException, InterruptedException {
    try (target) {
      List<Double> before;
      List<Double> after;
      StreamClient.Measured measured;
      try (StreamClient client = new StreamClient(target.url())) {
        warmUp(client);
        before = target.cpuSeconds();
        measured = client.run(load(seconds));
        after = target.cpuSeconds();
      }
      List<Double> micros = new ArrayList<>();
      for (int i = 0; i < before.size(); i++) {
        micros.add((after.get(i) - before.get(i)) * 1e6 / (streams * (double) seconds * rate));
      }
      row(target.name(), measured, sum(micros), idle(target));
    }
  }

  /** What a stream that waits for its second chunk takes, in each process: heap + all else. */
  private String idle(DoorTarget target) throws IOException, InterruptedException {
    List<ProcessMemory> before = memory(target);
    try (StreamClient client = new StreamClient(target.url())) {
      client.hold(new StreamClient.Load(streams, 2, IDLE));
      List<ProcessMemory> after = memory(target);
      List<String> kibs = new ArrayList<>();
      for (int i = 0; i < before.size(); i++) {
        double heap = after.get(i).liveHeapBytes() - before.get(i).liveHeapBytes();
        double resident = after.get(i).residentBytes() - before.get(i).residentBytes();
        kibs.add(
            String.format(
                Locale.ROOT,
                "%.1f live, %.1f resident",
                heap / streams / 1024,
                resident / streams / 1024));
      }
      return String.join("; ", kibs);
    }
  }

  private static List<ProcessMemory> memory(DoorTarget target)
      throws IOException, InterruptedException {
    List<ProcessMemory> of = new ArrayList<>();
    for (long id : target.processIds()) {
      of.add(ProcessMemory.of(id));
    }
    return of;
  }

  private static String sum(List<Double> micros) {
    String each =
        micros.stream()
            .map(one -> String.format(Locale.ROOT, "%.1f", one))
            .collect(Collectors.joining(" + "));
    double all = micros.stream().mapToDouble(Double::doubleValue).sum();
    return micros.size() == 1 ? each : String.format(Locale.ROOT, "%s = %.1f", each, all);
  }

  private static void row(String path, StreamClient.Measured measured, String cpu, String idle) {
    Histogram stalls = measured.stalls();
    System.out.printf(
        Locale.ROOT,
        "| %s | %.1f / %.1f / %.1f / %.1f | %s | %s | %d |%n",
        path,
        stalls.getValueAtPercentile(50) / NANOS_PER_MILLI,
        stalls.getValueAtPercentile(99) / NANOS_PER_MILLI,
        stalls.getValueAtPercentile(99.9) / NANOS_PER_MILLI,
        stalls.getMaxValue() / NANOS_PER_MILLI,
        cpu,
        idle,
        measured.failed());
  }
}
