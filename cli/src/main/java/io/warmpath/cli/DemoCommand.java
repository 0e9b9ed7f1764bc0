package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.demo.Demo;
import io.warmpath.cli.demo.DemoSettings;
import io.warmpath.routing.Policy;
import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceFormat;
import io.warmpath.simulator.trace.TraceGenerator;
import io.warmpath.simulator.trace.TraceProfile;
import io.warmpath.simulator.trace.TraceReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath demo}. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Replays a trace through a cluster in this process and compares policies.",
      "",
      "Everything is real but the engines: gRPC, HTTP, ZooKeeper. Each policy gets a cluster of",
      "its own with empty caches. Requests arrive at the trace's times whatever became of those",
      "before, and nobody is refused for load."
    })
final class DemoCommand implements Callable<Integer> {

  /*
   * The generated trace loads four 70b-tp4 engines so that round robin, which finds half of the
   * prompts' tokens in the caches, is close to what they can do, and two cores carry it. Its
   * longest answers are cut, so that nobody waits half a minute for the last of them. With the
   * published conversation trace 8b-h100 engines are busy but not overloaded at 7.5 times its speed
   * when there are 16; a few caches are too small for that trace's reuse.
   */
  private static final int GENERATED_REQUESTS = 500;
  private static final double GENERATED_PER_SECOND = 20;
  private static final long GENERATED_SEED = 1;
  private static final double GENERATED_SPEED = 3;
  private static final int GENERATED_REPLICAS = 4;
  private static final String GENERATED_PROFILE = "70b-tp4";
  private static final int GENERATED_OUTPUT_TOKENS = 300;
  private static final double TRACE_SPEED = 7.5;
  private static final int TRACE_REPLICAS = 16;
  private static final String TRACE_PROFILE = "8b-h100";

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description =
          "A trace, one JSON object a line; .gz is unpacked. Default: a small generated one with"
              + " sessions, a hot family and shared system prompts.")
  private @Var @Nullable Path trace;

  @Option(
      names = "--format",
      paramLabel = "NAME",
      description = "mooncake, bailian or warmpath; found in the file when not given.")
  private @Var @Nullable String format;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Only the first N requests of the trace.")
  private @Var int limit = Integer.MAX_VALUE;

  @Option(
      names = "--speed",
      paramLabel = "FACTOR",
      description =
          "How much faster than the trace requests arrive. Default: with --trace 7.5 for 16"
              + " replicas and in proportion for others, else 3.")
  private @Var @Nullable Double speed;

  @Mixin private final EngineOptions engines = new EngineOptions();

  @Option(
      names = "--policy",
      paramLabel = "NAME",
      split = ",",
      description = "Default: round-robin,bounded-load,warmpath.")
  private @Var List<String> policies = List.of("round-robin", "bounded-load", "warmpath");

  @Option(
      names = "--kill-agent-at",
      paramLabel = "TIME",
      converter = Seconds.class,
      description = "Kills one replica's agent so long after the start of each run, by SIGKILL.")
  private @Var double killAfterSeconds = Double.POSITIVE_INFINITY;

  @Mixin private final JsonFile json = new JsonFile();

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandFailure, IOException, InterruptedException {
    Logs.warningsOnly();
    Console console = Console.of(spec);
    DemoSettings settings;
    List<Policy> chosen;
    try {
      settings = settings();
      chosen = policies.stream().map(Policy::of).toList();
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(String.valueOf(refused.getMessage()));
    }
    console.notef(
        "%,d requests of %s at %s times its speed, %.0f s each run, on %d simulated %s engines",
        settings.trace().requests().size(),
        settings.trace().name(),
        settings.speed(),
        settings.seconds(),
        settings.replicas(),
        settings.profile().name());
    Demo demo = new Demo(settings, console::note, DemoCommand::progress);
    demo.warmUp();
    for (Policy policy : chosen) {
      demo.run(policy);
    }
    console.line("");
    console.text(demo.table());
    Path machineReadable = json.path();
    if (machineReadable != null) {
      demo.writeJson(machineReadable);
    }
    return ExitCodes.OK;
  }

  private DemoSettings settings() throws IOException {
    boolean generated = trace == null;
    int replicas = engines.replicas(generated ? GENERATED_REPLICAS : TRACE_REPLICAS);
    double usualSpeed = generated ? GENERATED_SPEED : TRACE_SPEED * replicas / TRACE_REPLICAS;
    return new DemoSettings(
        readTrace(),
        speed == null ? usualSpeed : speed,
        replicas,
        engines.profile(generated ? GENERATED_PROFILE : TRACE_PROFILE),
        killAfterSeconds);
  }

  private Trace readTrace() throws IOException {
    if (limit < 1) {
      throw new IllegalArgumentException("--limit is " + limit + ", it must be at least 1");
    }
    if (trace == null) {
      return TraceGenerator.generate(
              TraceProfile.WHALE, GENERATED_REQUESTS, GENERATED_PER_SECOND, GENERATED_SEED)
          .limit(limit)
          .withOutputAtMost(GENERATED_OUTPUT_TOKENS);
    }
    TraceFormat known = format == null ? null : TraceFormat.parse(format);
    return TraceReader.read(trace, known, 0).limit(limit);
  }

  private static Demo.Progress progress(int requests) {
    ReplayProgress bar = ReplayProgress.onTerminal(requests);
    return new Demo.Progress() {
      @Override
      public void requestEnded() {
        bar.requestEnded();
      }

      @Override
      public void finish() {
        bar.finish();
      }
    };
  }
}
