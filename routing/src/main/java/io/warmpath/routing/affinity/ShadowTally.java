package io.warmpath.routing.affinity;

import io.warmpath.routing.ShadowCounters;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToDoubleFunction;

/**
 * What was done in shadow mode beside what affinity would have done. Adding is for any thread and
 * takes no lock once a replica is known; folding is for the updating thread.
 */
final class ShadowTally {

  private static final double HALF_LIFE_SECONDS = 60;
  private static final double MICROS = 1e6;

  private final LongAdder promptTokens = new LongAdder();
  private final LongAdder cachedTokens = new LongAdder();
  private final LongAdder affinityCachedTokens = new LongAdder();

  /** By replica id; only those of the last view, and those picked since. */
  private final Map<String, Work> works = new ConcurrentHashMap<>();

  private volatile Balance balance = new Balance(0, 0);
  private long foldedNanos; // Of the updating thread.

  /** How unevenly work was given, and would have been. */
  private record Balance(double actual, double affinity) {}

  /** Where one request went, or would have gone. */
  record Choice(String replicaId, int cachedTokens, double workSeconds) {}

  /** One replica's work: what was added since the last fold, and what is left of the rest. */
  private static final class Work {
    private final LongAdder actualMicros = new LongAdder();
    private final LongAdder affinityMicros = new LongAdder();
    private double actual; // Both of the updating thread.
    private double affinity;

    void fold(double kept) {
      actual = kept * actual + actualMicros.sumThenReset();
      affinity = kept * affinity + affinityMicros.sumThenReset();
    }
  }

  ShadowTally(long nowNanos) {
    this.foldedNanos = nowNanos;
  }

  /** Adds one request of {@code tokens} prompt tokens. */
  void add(int tokens, Choice actual, Choice affinity) {
    promptTokens.add(tokens);
    cachedTokens.add(actual.cachedTokens());
    affinityCachedTokens.add(affinity.cachedTokens());
    work(actual.replicaId()).actualMicros.add(Math.round(actual.workSeconds() * MICROS));
    work(affinity.replicaId()).affinityMicros.add(Math.round(affinity.workSeconds() * MICROS));
  }

  private Work work(String replicaId) {
    Work known = works.get(replicaId);
    return known != null ? known : works.computeIfAbsent(replicaId, id -> new Work());
  }

  /** Takes the recent work into account, and forgets who is not among {@code replicaIds}. */
  void fold(Collection<String> replicaIds, long nowNanos) {
    if (works.isEmpty()) {
      return; // Shadow mode was never on.
    }
    Set<String> alive = new HashSet<>(replicaIds);
    works.keySet().retainAll(alive);
    alive.forEach(this::work);
    double kept = Math.pow(0.5, (nowNanos - foldedNanos) / 1e9 / HALF_LIFE_SECONDS);
    foldedNanos = nowNanos;
    works.values().forEach(work -> work.fold(kept));
    balance = new Balance(maxToMean(work -> work.actual), maxToMean(work -> work.affinity));
  }

  private double maxToMean(ToDoubleFunction<Work> of) {
    double sum = works.values().stream().mapToDouble(of).sum();
    double max = works.values().stream().mapToDouble(of).max().orElse(0);
    return sum > 0 ? max * works.size() / sum : 0;
  }

  ShadowCounters counters() {
    Balance now = balance;
    return new ShadowCounters(
        promptTokens.sum(),
        cachedTokens.sum(),
        affinityCachedTokens.sum(),
        now.actual,
        now.affinity);
  }
}
