package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.replay.CapacityReport;
import io.warmpath.simulator.replay.CapacitySearch;
import io.warmpath.simulator.replay.ReplayPolicy;
import io.warmpath.simulator.replay.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code warmpath capacity}: how fast a trace may run before first tokens come too late. */
@Command(
    name = "capacity",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Finds, for each policy, the highest speed at which the 95th percentile of first-token times",
      "stays within a target. A refused request counts as one that never got its first token."
    })
final class CapacityCommand implements Callable<Integer> {

  @Mixin private final ReplayConditions conditions = new ReplayConditions();

  @Mixin private final PolicyChoice choice = new PolicyChoice();

  @Option(
      names = "--ttft-p95",
      paramLabel = "TIME",
      converter = Seconds.class,
      description = "The target. Default: 3s.")
  private @Var double targetSeconds = 3;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "Replays at each speed, with seeds 1 to N. Default: ${DEFAULT-VALUE}.")
  private @Var int seeds = 1;

  @Option(
      names = "--precision",
      paramLabel = "SHARE",
      description = "Relative precision of the speed. Default: ${DEFAULT-VALUE}.")
  private @Var double precision = 0.01;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Policies at a time. Default: one a processor.")
  private @Var int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--json", paramLabel = "FILE", description = "Writes the results as JSON.")
  private @Var @Nullable Path json;

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    CommandSpec own = spec;
    if (own == null) {
      throw new IllegalStateException("the command was not made by picocli");
    }
    try {
      CapacityReport report = new CapacityReport(targetSeconds, search());
      own.commandLine().getOut().print(report.table());
      own.commandLine().getOut().flush();
      if (json != null) {
        report.writeJson(json);
      }
      return 0;
    } catch (IOException | IllegalArgumentException bad) {
      throw new ParameterException(own.commandLine(), FileProblem.sentence(bad));
    }
  }

  private List<CapacityReport.Entry> search() throws IOException, InterruptedException {
    if (!(precision >= 0.001 && precision <= 1)) {
      throw new IllegalArgumentException("--precision is " + precision + ", must be 0.001..1");
    }
    Workload workload = conditions.workload();
    List<ReplayPolicy> policies = choice.policies();
    long replays = (long) policies.size() * seeds * CapacitySearch.usualReplays(precision);
    ReplayProgress progress = ReplayProgress.onTerminal(replays * workload.size());
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<CapacityReport.Entry>> searches = new ArrayList<>();
      for (ReplayPolicy policy : policies) {
        searches.add(pool.submit(() -> search(workload, policy, progress)));
      }
      List<CapacityReport.Entry> entries = new ArrayList<>();
      for (Future<CapacityReport.Entry> search : searches) {
        entries.add(search.get());
      }
      return entries;
    } catch (ExecutionException bug) {
      throw new IllegalStateException("a search failed", bug.getCause());
    } finally {
      progress.finish();
    }
  }

  private CapacityReport.Entry search(
      Workload workload, ReplayPolicy policy, ReplayProgress progress) {
    long startNanos = System.nanoTime();
    CapacitySearch search =
        new CapacitySearch(
            workload, conditions.options(1), seeds, targetSeconds, precision, progress);
    double speed = search.speed(policy);
    return new CapacityReport.Entry(policy.name(), speed, (System.nanoTime() - startNanos) / 1e9);
  }
}
