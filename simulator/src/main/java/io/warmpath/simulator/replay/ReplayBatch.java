package io.warmpath.simulator.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs replays that do not depend on each other, as many at a time as there are threads. */
public final class ReplayBatch {

  private ReplayBatch() {}

  /** One replay: a policy, its conditions and a seed. */
  public record Job(ReplayPolicy policy, ReplayOptions options, long seed) {}

  /** Returns the results in the order of the jobs. */
  public static List<ReplayResult> run(
      Workload workload, List<Job> jobs, int threads, Replay.Progress progress)
      throws InterruptedException {
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<ReplayResult>> futures = new ArrayList<>();
      for (Job job : jobs) {
        futures.add(
            pool.submit(
                () -> Replay.run(workload, job.options(), job.policy(), job.seed(), progress)));
      }
      List<ReplayResult> results = new ArrayList<>();
      for (Future<ReplayResult> future : futures) {
        results.add(result(future, pool));
      }
      return results;
    }
  }

  private static ReplayResult result(Future<ReplayResult> future, ExecutorService pool)
      throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException bug) {
      pool.shutdownNow();
      throw new IllegalStateException("a replay failed", bug.getCause());
    } catch (InterruptedException stop) {
      pool.shutdownNow();
      throw stop;
    }
  }
}
