package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.replay.ReplayBatch;
import io.warmpath.simulator.replay.ReplayHtml;
import io.warmpath.simulator.replay.ReplayJson;
import io.warmpath.simulator.replay.ReplayPolicy;
import io.warmpath.simulator.replay.ReplayResult;
import io.warmpath.simulator.replay.ReplayTable;
import io.warmpath.simulator.replay.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code warmpath replay}: replays a trace in virtual time under one or more policies. */
@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Replays a trace in virtual time, over the code that the router and the agents run.",
      "Prints a table; with several seeds its figures are means."
    })
final class ReplayCommand implements Callable<Integer> {

  @Mixin private final ReplayConditions conditions = new ReplayConditions();

  @Mixin private final PolicyChoice choice = new PolicyChoice();

  @Option(
      names = "--speed",
      paramLabel = "X",
      split = ",",
      description = "How much faster than the trace; several for a curve. Default: 1.")
  private @Var List<Double> speeds = List.of(1.0);

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "Replays of each policy, with seeds 1 to N. Default: ${DEFAULT-VALUE}.")
  private @Var int seeds = 1;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Replays at a time. Default: one a processor.")
  private @Var int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--json", paramLabel = "FILE", description = "Writes the results as JSON.")
  private @Var @Nullable Path json;

  @Option(names = "--html", paramLabel = "FILE", description = "Writes a page with plots.")
  private @Var @Nullable Path html;

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    try {
      Workload workload = conditions.workload();
      List<ReplayBatch.Job> jobs = jobs();
      ReplayProgress progress = ReplayProgress.onTerminal((long) workload.size() * jobs.size());
      List<ReplayResult> results = ReplayBatch.run(workload, jobs, threads, progress);
      progress.finish();
      write(results);
      return 0;
    } catch (IOException | IllegalArgumentException bad) {
      throw new ParameterException(commandSpec().commandLine(), FileProblem.sentence(bad));
    }
  }

  private List<ReplayBatch.Job> jobs() {
    List<ReplayBatch.Job> jobs = new ArrayList<>();
    for (double speed : speeds) {
      for (ReplayPolicy policy : choice.policies()) {
        for (int seed = 1; seed <= seeds; seed++) {
          jobs.add(new ReplayBatch.Job(policy, conditions.options(speed), seed));
        }
      }
    }
    return jobs;
  }

  private void write(List<ReplayResult> results) throws IOException {
    commandSpec().commandLine().getOut().print(ReplayTable.of(results));
    commandSpec().commandLine().getOut().flush();
    if (json != null) {
      ReplayJson.write(results, json);
    }
    if (html != null) {
      ReplayHtml.write(results, html);
    }
  }

  private CommandSpec commandSpec() {
    CommandSpec known = spec;
    if (known == null) {
      throw new IllegalStateException("the command was not made by picocli");
    }
    return known;
  }
}
