package io.warmpath.bench.jmh;

import io.warmpath.hashing.PrefixHasher;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A made-up fleet and prompts for it. A prompt begins with its family's 1,024 tokens and goes on
 * with a session's own; low families are the popular ones.
 */
final class Traffic {

  static final int STEP_TOKENS = PlacementConfig.Prefix.DEFAULT.stepTokens();
  static final int FAMILY_STEPS = PlacementConfig.Prefix.DEFAULT.tokens() / STEP_TOKENS;
  static final double PREFILL_TOKENS_PER_SECOND = 20_000;

  private static final long CACHE_TOKENS = 400_000;
  private static final int BLOCK_TOKENS = 16;
  private static final PrefillSpeed SPEED = new PrefillSpeed(PREFILL_TOKENS_PER_SECOND, 0.005);
  private static final PromptPrefixes.Scope SCOPE = PromptPrefixes.Scope.of("llama");

  private final PromptPrefixes prefixes = new PromptPrefixes(PlacementConfig.Prefix.DEFAULT);
  private final int promptTokens;

  Traffic(int promptTokens) {
    this.promptTokens = promptTokens;
  }

  /** Returns a prompt of {@code session} of {@code family}. */
  PickRequest request(long family, long session) {
    long[] steps = new long[promptTokens / STEP_TOKENS];
    for (int step = 0; step < steps.length; step++) {
      long content = step < FAMILY_STEPS ? family : PrefixHasher.mix(family, session);
      steps[step] = PrefixHasher.mix(content, step + 1);
    }
    PromptPrefix prefix = prefixes.ofSteps(SCOPE, steps, promptTokens);
    return PickRequest.of(prefix);
  }

  /**
   * Returns the number of a family, 0..{@code families - 1}; rank r is drawn in proportion to 1/r.
   */
  static long drawFamily(SplittableRandom random, int families) {
    return (long) Math.pow(families, random.nextDouble()) - 1;
  }

  /** Returns a view of idle replicas, each with its first report. */
  static FleetView view(int replicas, long nowNanos) {
    List<FleetView.Observed> observed = new ArrayList<>(replicas);
    for (int i = 0; i < replicas; i++) {
      observed.add(new FleetView.Observed(report("replica-" + i), nowNanos));
    }
    return new FleetView(observed, 1, 0);
  }

  private static ReplicaReport report(String id) {
    return new ReplicaReport(
        new ReplicaReport.Identity(
            id,
            "127.0.0.1:1",
            List.of(new ReplicaReport.ServedModel("llama", 0, List.of())),
            Map.of(),
            1),
        1,
        1,
        ReplicaReport.State.READY,
        3600,
        ReplicaReport.Load.IDLE,
        new ReplicaReport.Cache(0, CACHE_TOKENS, BLOCK_TOKENS, 0, Double.POSITIVE_INFINITY),
        SPEED,
        List.of(),
        RecentAnchors.NONE,
        new ReplicaReport.Totals(0, 0, 0));
  }
}
