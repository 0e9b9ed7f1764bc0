package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import java.util.stream.IntStream;

/**
 * Finds the highest speed at which a policy keeps the 95th percentile of first-token times within a
 * target. A refused request counts as one that never got its first token.
 */
public final class CapacitySearch {

  /*
   * Doubling from a low speed until the target is missed, then bisection on a logarithmic scale.
   * The value at a speed is the mean over the seeds, so that one lucky draw decides nothing.
   */
  private static final double LOWEST_SPEED = 1.0 / 64;
  private static final double HIGHEST_SPEED = 4096;

  /** Speeds tried before the target is missed, as a rule. */
  private static final int USUAL_DOUBLINGS = 5;

  private final Workload workload;
  private final ReplayOptions options;
  private final int seeds;
  private final double targetSeconds;
  private final double precision;
  private final Replay.Progress progress;

  /**
   * Prepares a search.
   *
   * @param seeds replays at each speed
   * @param targetSeconds what the 95th percentile must not exceed
   * @param precision how much higher, relatively, the true speed may be than the found one
   */
  public CapacitySearch(
      Workload workload,
      ReplayOptions options,
      int seeds,
      double targetSeconds,
      double precision,
      Replay.Progress progress) {
    this.workload = workload;
    this.options = options;
    this.seeds = seeds;
    this.targetSeconds = targetSeconds;
    this.precision = precision;
    this.progress = progress;
  }

  /** Returns how many speeds a search with that precision tries, as a rule. */
  public static int usualReplays(double precision) {
    return USUAL_DOUBLINGS
        + (int) Math.ceil(Math.log(Math.log(2) / Math.log1p(precision)) / Math.log(2));
  }

  /** Returns the highest speed that was seen within the target, 0 if not even a crawl is. */
  public double speed(ReplayPolicy policy) {
    @Var double good = 0;
    @Var double bad = 1;
    while (bad <= HIGHEST_SPEED && meets(policy, bad)) {
      good = bad;
      bad *= 2;
    }
    while (good == 0) {
      if (bad / 2 < LOWEST_SPEED) {
        return 0;
      }
      if (meets(policy, bad / 2)) {
        good = bad / 2;
      } else {
        bad /= 2;
      }
    }
    while (bad / good > 1 + precision) {
      double middle = Math.sqrt(good * bad);
      if (meets(policy, middle)) {
        good = middle;
      } else {
        bad = middle;
      }
    }
    return good;
  }

  private boolean meets(ReplayPolicy policy, double speed) {
    ReplayOptions at = options.withSpeed(speed);
    double meanSeconds =
        IntStream.rangeClosed(1, seeds)
            .mapToDouble(seed -> ttft95(policy, at, seed))
            .average()
            .orElse(Double.POSITIVE_INFINITY);
    return meanSeconds <= targetSeconds;
  }

  private double ttft95(ReplayPolicy policy, ReplayOptions at, int seed) {
    return Replay.run(workload, at, policy, seed, progress).ttftSecondsWithRefused(95);
  }
}
