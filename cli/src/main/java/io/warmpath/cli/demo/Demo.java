package io.warmpath.cli.demo;

import com.sun.management.OperatingSystemMXBean;
import io.warmpath.cli.demo.Sample.End;
import io.warmpath.routing.Policy;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.trace.Trace;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Replays a trace under several policies, one after the other, and reports. */
public final class Demo {

  /** A later sender than this at the 99th percentile says that the machine was too slow. */
  private static final double LATE_SECONDS = 0.05;

  /** The warm-up's requests, its speed and its engines': it only makes the JVM compile. */
  private static final int WARM_UP_REQUESTS = 200;

  private static final double WARM_UP_SECONDS = 3;
  private static final double WARM_UP_ENGINE_SPEED = 50;

  private final DemoSettings settings;
  private final Consumer<String> notes;
  private final ProgressFactory progress;
  private final List<DemoResult> results = new ArrayList<>();

  /** Makes what shows the progress of one run. */
  @FunctionalInterface
  public interface ProgressFactory {
    /** Returns the progress of a run of {@code requests} requests. */
    Progress of(int requests);
  }

  /** Shows the progress of one run. */
  public interface Progress {
    /** One more request has ended; called on any thread. */
    void requestEnded();

    /** All have. */
    void finish();
  }

  /**
   * @param notes takes lines about what happens
   */
  public Demo(DemoSettings settings, Consumer<String> notes, ProgressFactory progress) {
    this.settings = settings;
    this.notes = notes;
    this.progress = progress;
  }

  /** Runs code paths until they are compiled, so that the first policy is not the slow one. */
  public void warmUp() throws IOException, InterruptedException {
    Trace some = settings.trace().limit(WARM_UP_REQUESTS);
    double seconds = Math.max(1e-3, some.requests().getLast().arrivalMillis() / 1000);
    EngineProfile fast = settings.profile().atSpeed(WARM_UP_ENGINE_SPEED);
    new DemoRun(
            new DemoSettings(
                some,
                Math.max(seconds / WARM_UP_SECONDS, 1e-3),
                settings.replicas(),
                fast,
                Double.POSITIVE_INFINITY),
            Policy.WARMPATH,
            () -> {})
        .run();
  }

  /** Replays the trace under {@code policy}. */
  public void run(Policy policy) throws IOException, InterruptedException {
    Progress bar = progress.of(settings.trace().requests().size());
    long startNanos = System.nanoTime();
    long startCpuNanos = cpuNanos();
    List<Sample> samples;
    try {
      samples = new DemoRun(settings, policy, bar::requestEnded).run();
    } finally {
      bar.finish();
    }
    double wall = (System.nanoTime() - startNanos) / 1e9;
    double cpu = (cpuNanos() - startCpuNanos) / 1e9;
    DemoResult result = DemoResult.of(policy, samples, settings.replicas());
    results.add(result);
    note(result, wall, cpu);
    noteErrors(samples);
  }

  private void note(DemoResult result, double wallSeconds, double cpuSeconds) {
    int processors = Runtime.getRuntime().availableProcessors();
    notes.accept(
        String.format(
            Locale.ROOT,
            "%s: %.0f s, %.0f %% of %d processors, requests sent %.1f ms late at p99",
            result.policy().id(),
            wallSeconds,
            100 * cpuSeconds / wallSeconds / processors,
            processors,
            1000 * result.senderLateness().p99()));
    if (result.senderLateness().p99() > LATE_SECONDS) {
      notes.accept("  this machine is too slow for this speed: its own delays are in the times");
    }
    if (settings.kills()) {
      notes.accept(
          "  killing an agent cut %d streams and failed %d requests that had not begun to stream"
              .formatted(result.cut(), result.failed()));
    }
  }

  private void noteErrors(List<Sample> samples) {
    Map<String, Integer> errors = new TreeMap<>();
    for (Sample sample : samples) {
      @Nullable String error = sample.end() == End.COMPLETED ? null : sample.error();
      if (error != null) {
        errors.merge(sample.end() + " " + error, 1, Integer::sum);
      }
    }
    errors.forEach((error, count) -> notes.accept("  %,d × %s".formatted(count, error)));
  }

  private static long cpuNanos() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
  }

  /** Returns one table with a row a policy that was run. */
  public String table() {
    return DemoReport.table(results);
  }

  /** Writes the same for machines. */
  public void writeJson(Path file) throws IOException {
    DemoReport.writeJson(results, file);
  }
}
