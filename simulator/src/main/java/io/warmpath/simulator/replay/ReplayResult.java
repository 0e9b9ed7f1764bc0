package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/**
 * What one replay showed.
 *
 * @param run which one it was
 * @param outcomes how its requests ended
 * @param tokenHitRate share of the computed prompts' tokens that came from a cache, 0..1
 * @param ttftMicros first-token times of the measured requests, microseconds
 * @param ttftMeanSeconds their exact mean
 * @param balance how even the replicas were used
 * @param target how many measured requests saw their first token in time
 * @param hottest how the family with the most requests fared beside the others
 * @param decisions what the routers did
 */
public record ReplayResult(
    Run run,
    Outcomes outcomes,
    double tokenHitRate,
    Histogram ttftMicros,
    double ttftMeanSeconds,
    Balance balance,
    Target target,
    Hottest hottest,
    Decisions decisions) {

  /** Returns a percentile of the measured first-token times in seconds, {@code percent} 0..100. */
  public double ttftSeconds(double percent) {
    return ttftMicros.getValueAtPercentile(percent) / 1e6;
  }

  /**
   * Returns the percentile in which a refused request counts as one that never got its first token;
   * infinite when more were refused.
   */
  public double ttftSecondsWithRefused(double percent) {
    long served = ttftMicros.getTotalCount();
    double rank = (served + outcomes.measuredRefused) * percent / 100;
    return rank > served ? Double.POSITIVE_INFINITY : ttftSeconds(100 * rank / Math.max(1, served));
  }

  /**
   * Which replay it was.
   *
   * @param policy the policy's name
   * @param seed of its draws
   * @param routers how many
   * @param speed how much faster than the trace
   * @param wallSeconds how long the replay took
   */
  public record Run(String policy, long seed, int routers, double speed, double wallSeconds) {}

  /**
   * How the requests ended; each in one way.
   *
   * @param completed with all their tokens
   * @param refused for load
   * @param errors without a replica
   * @param cutStreams their replica died after the first token
   * @param replaced of all these, lost with a replica before the first token and placed again
   * @param measuredRefused refused ones of the measured part
   */
  public record Outcomes(
      int completed, int refused, int errors, int cutStreams, int replaced, int measuredRefused) {

    /** All requests. */
    public int requests() {
      return completed + refused + errors + cutStreams;
    }
  }

  /**
   * How even the replicas were used, each by what it did per second of its life.
   *
   * @param requestsMaxOverMean most prompts over the mean
   * @param workMaxOverMean most prefill time over the mean
   * @param busyShares share of its life that each replica computed prompts, in order of its number
   */
  public record Balance(
      double requestsMaxOverMean, double workMaxOverMean, @Var List<Double> busyShares) {

    public Balance {
      busyShares = List.copyOf(busyShares);
    }
  }

  /**
   * First tokens in time: within 3 s plus twice the prompt's own prefill on an idle replica with an
   * empty cache. Refused requests are in the base.
   *
   * @param requestShare share of the measured requests, 0..1
   * @param tokenShare share of their prompt tokens, 0..1
   */
  public record Target(double requestShare, double tokenShare) {}

  /**
   * The family with the most requests of the trace beside all others.
   *
   * @param requestShare its share of the requests, 0..1
   * @param p95Seconds 95th percentile of its measured first-token times
   * @param othersP95Seconds the same of all other requests
   */
  public record Hottest(double requestShare, double p95Seconds, double othersP95Seconds) {

    static Hottest of(double requestShare, Measures measures) {
      return new Hottest(
          requestShare,
          measures.hottestTtftMicros().getValueAtPercentile(95) / 1e6,
          measures.othersTtftMicros().getValueAtPercentile(95) / 1e6);
    }
  }

  /**
   * What the routers did.
   *
   * @param picks decisions
   * @param refusals of these, refused by the replica
   * @param spills placements outside the replica set
   */
  public record Decisions(long picks, long refusals, long spills) {}

  static ReplayResult of(
      Run run,
      Measures measures,
      double hottestShare,
      List<SimulatedReplica> replicas,
      long endNanos) {
    List<Double> busyShares =
        replicas.stream().map(r -> r.workSeconds() / r.aliveSeconds(endNanos)).toList();
    return new ReplayResult(
        run,
        new Outcomes(
            measures.completed,
            measures.refused,
            measures.errors,
            measures.cutStreams,
            measures.replaced,
            measures.measuredRefused),
        measures.tokenHitRate(),
        measures.ttftMicros(),
        measures.ttftMeanSeconds(),
        new Balance(
            maxOverMean(replicas, r -> r.requests() / r.aliveSeconds(endNanos)),
            maxOverMean(replicas, r -> r.workSeconds() / r.aliveSeconds(endNanos)),
            busyShares),
        new Target(measures.requestsWithinTarget(), measures.tokensWithinTarget()),
        Hottest.of(hottestShare, measures),
        new Decisions(measures.picks, measures.refusals, measures.spills()));
  }

  private static double maxOverMean(
      List<SimulatedReplica> replicas, ToDoubleFunction<SimulatedReplica> rate) {
    double mean = replicas.stream().mapToDouble(rate).average().orElse(0);
    double most = replicas.stream().mapToDouble(rate).max().orElse(0);
    return mean == 0 ? 1 : most / mean;
  }
}
