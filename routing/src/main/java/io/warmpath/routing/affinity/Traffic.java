package io.warmpath.routing.affinity;

import io.warmpath.hashing.DecayedSpaceSaving;
import io.warmpath.routing.PlacementConfig;
import java.util.Arrays;
import java.util.stream.LongStream;

/** The recent requests and work of many keys, fading. Used by the updating thread alone. */
final class Traffic {

  private final DecayedSpaceSaving requests;
  private final DecayedSpaceSaving work;

  Traffic(PlacementConfig.Families config, long nowNanos) {
    long halfLifeNanos = (long) (config.halfLifeSeconds() * 1e9);
    this.requests = new DecayedSpaceSaving(config.counters(), halfLifeNanos, nowNanos);
    this.work = new DecayedSpaceSaving(config.counters(), halfLifeNanos, nowNanos);
  }

  /**
   * Faded amounts.
   *
   * @param requests number of requests
   * @param workSeconds their prefill
   */
  record Amount(double requests, double workSeconds) {

    Amount minus(Amount part) {
      return new Amount(
          Math.max(0, requests - part.requests), Math.max(0, workSeconds - part.workSeconds));
    }
  }

  void add(long key, double workSeconds, long nowNanos) {
    requests.add(key, 1, nowNanos);
    work.add(key, workSeconds, nowNanos);
  }

  void addKeyless(double workSeconds, long nowNanos) {
    requests.addKeyless(1, nowNanos);
    work.addKeyless(workSeconds, nowNanos);
  }

  Amount total(long nowNanos) {
    return new Amount(requests.total(nowNanos), work.total(nowNanos));
  }

  /** Returns the least that {@code key} can have had. */
  Amount of(long key, long nowNanos) {
    return new Amount(
        requests.shareAtLeast(key) * requests.total(nowNanos),
        work.shareAtLeast(key) * work.total(nowNanos));
  }

  /**
   * Returns the keys with the most requests and those with the most work, up to twice {@code n}.
   */
  long[] largest(int n) {
    long[] byRequests = new long[n];
    int requestCount = requests.top(byRequests);
    long[] byWork = new long[n];
    int workCount = work.top(byWork);
    return LongStream.concat(
            Arrays.stream(byRequests, 0, requestCount), Arrays.stream(byWork, 0, workCount))
        .distinct()
        .toArray();
  }
}
