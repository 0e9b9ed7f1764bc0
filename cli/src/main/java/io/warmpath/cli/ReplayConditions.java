package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.replay.ReplayOptions;
import io.warmpath.simulator.replay.ReplayOptions.FleetEvent;
import io.warmpath.simulator.replay.Workload;
import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceFormat;
import io.warmpath.simulator.trace.TraceReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of a replay that {@code replay} and {@code capacity} share. */
final class ReplayConditions {

  private static final String LINEAR = "linear";
  private static final long LINEAR_CACHE_TOKENS = 400_000;

  @Option(
      names = "--trace",
      required = true,
      paramLabel = "FILE",
      description = "The trace, one JSON object a line; .gz is unpacked.")
  private @Var Path trace = Path.of("");

  @Option(
      names = "--format",
      paramLabel = "NAME",
      description = "mooncake, bailian or warmpath; found in the file when not given.")
  private @Var @Nullable String format;

  @Option(
      names = "--block-tokens",
      paramLabel = "N",
      description = "Tokens an id of the trace stands for; found in the file when not given.")
  private @Var int blockTokens;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Only the first N requests of the trace.")
  private @Var int limit = Integer.MAX_VALUE;

  @Option(names = "--replicas", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
  private @Var int replicas = 16;

  @Option(
      names = "--cache-tokens",
      paramLabel = "N",
      description = "KV cache of a replica. Default: 400000, or the engine profile's.")
  private @Var long cacheTokens;

  @Option(
      names = "--prefill-tokens-per-second",
      paramLabel = "N",
      description = "Prefill rate of a replica. Default: ${DEFAULT-VALUE}.")
  private @Var double prefillTokensPerSecond = 20_000;

  @Option(
      names = "--prefill-overhead",
      paramLabel = "TIME",
      converter = Seconds.class,
      description = "Constant cost of a prefill. Default: 5ms.")
  private @Var double prefillOverheadSeconds = 0.005;

  @Option(
      names = "--decode-token",
      paramLabel = "TIME",
      converter = Seconds.class,
      description = "Time of one decoded token. Default: 15ms.")
  private @Var double decodeTokenSeconds = 0.015;

  @Option(
      names = "--engine",
      paramLabel = "NAME",
      description =
          "linear: one prefill at a time at a constant rate, decoding costs nothing; or a profile"
              + " of the full model, 8b-h100 or 70b-tp4, with its own rates. Default: linear.")
  private @Var String engine = LINEAR;

  @Option(
      names = "--routers",
      paramLabel = "N",
      description = "Routers, each with its own view. Default: ${DEFAULT-VALUE}.")
  private @Var int routers = 4;

  @Option(
      names = "--report-age",
      paramLabel = "TIME",
      converter = Seconds.class,
      description = "How old a report is when the routers get it. Default: 1s.")
  private @Var double reportAgeSeconds = 1;

  @Option(
      names = "--report-period",
      paramLabel = "TIME",
      converter = Seconds.class,
      description =
          "Time between two reports; 0 reports before each decision. Default: 250ms, or 0 when the"
              + " age is 0.")
  private @Var double reportPeriodSeconds = -1;

  @Option(
      names = "--loss-time",
      paramLabel = "TIME",
      converter = Seconds.class,
      description = "How long a dead replica stays in the routers' view. Default: 6s.")
  private @Var double lossSeconds = 6;

  @Option(
      names = "--warmup",
      paramLabel = "SHARE",
      description =
          "Share of the requests left out of first-token times. Default: ${DEFAULT-VALUE}.")
  private @Var double warmup = 0.1;

  @Option(
      names = "--closed-loop",
      description = "A turn comes after the turn before has ended plus think time.")
  private @Var boolean closedLoop;

  @Option(
      names = "--kill",
      paramLabel = "N@TIME",
      split = ",",
      description = "Kill replicas at a time, such as 2@50%% or 1@90s.")
  private @Var List<String> kills = List.of();

  @Option(
      names = "--join",
      paramLabel = "N@TIME",
      split = ",",
      description = "Add replicas with empty caches at a time.")
  private @Var List<String> joins = List.of();

  /** Reads the trace. */
  Workload workload() throws IOException {
    TraceFormat known = format == null ? null : TraceFormat.parse(format);
    Trace whole = TraceReader.read(trace, known, blockTokens);
    return Workload.of(whole.limit(limit));
  }

  /** Returns the conditions at {@code speed}. */
  ReplayOptions options(double speed) {
    double period =
        reportPeriodSeconds >= 0 ? reportPeriodSeconds : (reportAgeSeconds == 0 ? 0 : 0.25);
    List<FleetEvent> events = new ArrayList<>();
    kills.forEach(text -> events.add(FleetEvents.parse(FleetEvent.Kind.KILL, text)));
    joins.forEach(text -> events.add(FleetEvents.parse(FleetEvent.Kind.JOIN, text)));
    return new ReplayOptions(
        cluster(),
        routers,
        new ReplayOptions.Reports(period, reportAgeSeconds, lossSeconds),
        speed,
        closedLoop,
        warmup,
        events);
  }

  private ReplayOptions.Cluster cluster() {
    if (engine.equals(LINEAR)) {
      return ReplayOptions.Cluster.linear(
          replicas,
          cacheTokens == 0 ? LINEAR_CACHE_TOKENS : cacheTokens,
          new PrefillSpeed(prefillTokensPerSecond, prefillOverheadSeconds),
          decodeTokenSeconds);
    }
    EngineProfile profile = EngineProfile.named(engine);
    return ReplayOptions.Cluster.of(
        replicas, cacheTokens == 0 ? profile.capacityTokens() : cacheTokens, profile);
  }
}
