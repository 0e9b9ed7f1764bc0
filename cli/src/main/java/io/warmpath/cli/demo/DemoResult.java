package io.warmpath.cli.demo;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.demo.Sample.End;
import io.warmpath.routing.Policy;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * What one run showed.
 *
 * @param policy how requests were placed
 * @param requests how many were sent
 * @param refused of these, for load
 * @param failed of these, before their first token
 * @param cut of these, after it
 * @param tokenHitRate share of the completed requests' prompt tokens that came from a cache, 0..1
 * @param ttft first-token times of all requests that had one
 * @param requestsMaxOverMean most requests of a replica over the mean
 * @param workMaxOverMean most computed prompt tokens of a replica over the mean
 * @param senderLateness how late requests were sent: when it is not small, the machine was too slow
 */
record DemoResult(
    Policy policy,
    int requests,
    int refused,
    int failed,
    int cut,
    double tokenHitRate,
    Times ttft,
    double requestsMaxOverMean,
    double workMaxOverMean,
    Times senderLateness) {

  /** Requests without a whole answer, refused ones included. */
  int errors() {
    return refused + failed + cut;
  }

  /** A distribution of times, in seconds; zero of none. */
  record Times(double mean, double p50, double p95, double p99, double max) {

    /** Returns the distribution of these times. */
    static Times of(double[] seconds) {
      if (seconds.length == 0) {
        return new Times(0, 0, 0, 0, 0);
      }
      double[] sorted = seconds.clone();
      Arrays.sort(sorted);
      return new Times(
          Arrays.stream(sorted).average().orElse(0),
          percentile(sorted, 50),
          percentile(sorted, 95),
          percentile(sorted, 99),
          sorted[sorted.length - 1]);
    }

    /** Returns the smallest value that at least {@code percent} of all do not exceed. */
    private static double percentile(double[] sorted, int percent) {
      int rank = (int) Math.ceil(percent / 100.0 * sorted.length);
      return sorted[Math.max(0, rank - 1)];
    }
  }

  /**
   * Sums up one run.
   *
   * @param replicas of the cluster, those that served nothing included
   */
  static DemoResult of(Policy policy, List<Sample> samples, int replicas) {
    List<Sample> completed = samples.stream().filter(s -> s.end() == End.COMPLETED).toList();
    long prompt = completed.stream().mapToLong(Sample::promptTokens).sum();
    long cached = completed.stream().mapToLong(Sample::cachedTokens).sum();
    return new DemoResult(
        policy,
        samples.size(),
        count(samples, End.REFUSED),
        count(samples, End.FAILED) + count(samples, End.RUNNING),
        count(samples, End.CUT),
        prompt == 0 ? 0 : (double) cached / prompt,
        Times.of(
            samples.stream().filter(Sample::streamed).mapToDouble(Sample::ttftSeconds).toArray()),
        maxOverMean(completed, replicas, sample -> 1),
        maxOverMean(completed, replicas, s -> s.promptTokens() - s.cachedTokens()),
        Times.of(samples.stream().mapToDouble(Sample::lateSeconds).toArray()));
  }

  private static int count(Collection<Sample> samples, End end) {
    return (int) samples.stream().filter(sample -> sample.end() == end).count();
  }

  private static double maxOverMean(
      List<Sample> samples, int replicas, ToLongFunction<Sample> amount) {
    Map<String, Long> byReplica = new HashMap<>();
    @Var long total = 0;
    for (Sample sample : samples) {
      byReplica.merge(sample.replica(), amount.applyAsLong(sample), Long::sum);
      total += amount.applyAsLong(sample);
    }
    long most = byReplica.values().stream().mapToLong(Long::longValue).max().orElse(0);
    return total == 0 ? 1 : most / ((double) total / replicas);
  }
}
