package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceGenerator;
import io.warmpath.simulator.trace.TraceProfile;
import io.warmpath.simulator.trace.TraceWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code warmpath trace}: works on traces. */
@Command(
    name = "trace",
    mixinStandardHelpOptions = true,
    subcommands = TraceCommand.Generate.class,
    description = "Makes traces for replay and demo.")
final class TraceCommand implements Runnable {

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public void run() {
    CommandSpec own = spec;
    if (own != null) {
      throw new ParameterException(own.commandLine(), "trace needs a command: generate");
    }
  }

  /** {@code warmpath trace generate}. */
  @Command(
      name = "generate",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = "Writes a generated trace; the same seed gives the same trace.")
  static final class Generate implements Callable<Integer> {

    @Option(
        names = "--profile",
        paramLabel = "NAME",
        description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private @Var TraceProfile profile = TraceProfile.CHAT;

    @Option(names = "--requests", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    private @Var int requests = 10_000;

    @Option(
        names = "--rate",
        paramLabel = "N",
        description = "Mean requests a second. Default: ${DEFAULT-VALUE}.")
    private @Var double requestsPerSecond = TraceProfile.REQUESTS_PER_SECOND;

    @Option(names = "--seed", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    private @Var long seed = 1;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where to.")
    private @Var Path out = Path.of("");

    @Spec private @Var @Nullable CommandSpec spec;

    @Override
    public Integer call() {
      CommandSpec own = spec;
      if (own == null) {
        throw new IllegalStateException("the command was not made by picocli");
      }
      try {
        Trace trace = TraceGenerator.generate(profile, requests, requestsPerSecond, seed);
        TraceWriter.write(trace, out);
        double seconds = trace.requests().getLast().arrivalMillis() / 1000;
        own.commandLine()
            .getOut()
            .printf(Locale.ROOT, "%,d requests over %,.0f s to %s%n", requests, seconds, out);
        own.commandLine().getOut().flush();
        return 0;
      } catch (IOException | IllegalArgumentException bad) {
        throw new ParameterException(own.commandLine(), FileProblem.sentence(bad));
      }
    }
  }
}
