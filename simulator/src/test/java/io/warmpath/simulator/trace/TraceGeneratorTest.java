package io.warmpath.simulator.trace;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class TraceGeneratorTest {

  private static final int REQUESTS = 4000;

  @ParameterizedTest
  @EnumSource(TraceProfile.class)
  void profile_givesAsManyRequestsInOrderAtAboutTheRate(TraceProfile profile) {
    Trace trace = TraceGenerator.generate(profile, REQUESTS, 10, 1);
    assertThat(trace.requests()).hasSize(REQUESTS);
    assertThat(trace.requests())
        .isSortedAccordingTo((a, b) -> Double.compare(a.arrivalMillis(), b.arrivalMillis()));
    double seconds = trace.requests().getLast().arrivalMillis() / 1000;
    assertThat(REQUESTS / seconds).isBetween(6.0, 20.0);
  }

  @ParameterizedTest
  @EnumSource(TraceProfile.class)
  void turn_repeatsTheFullBlocksOfTheTurnBefore(TraceProfile profile) {
    Trace trace = TraceGenerator.generate(profile, REQUESTS, 10, 2);
    for (TraceRequest request : trace.requests()) {
      assertThat(request.blockCount()).isEqualTo(Math.ceilDiv(request.promptTokens(), 128));
      TraceRequest.Turn turn = request.turn();
      if (turn != null && turn.parent() >= 0) {
        TraceRequest before = trace.requests().get(turn.parent());
        for (int i = 0; i < before.promptTokens() / 128; i++) {
          assertThat(request.blockId(i)).isEqualTo(before.blockId(i));
        }
      }
    }
  }

  @Test
  void equalSeeds_giveEqualTraces_othersDoNot() {
    assertThat(fingerprint(3)).isEqualTo(fingerprint(3)).isNotEqualTo(fingerprint(4));
  }

  private static long fingerprint(long seed) {
    @Var long hash = 0;
    for (TraceRequest request :
        TraceGenerator.generate(TraceProfile.MIXED, REQUESTS, 10, seed).requests()) {
      hash = Mix.mix(hash, Double.doubleToLongBits(request.arrivalMillis()));
      hash = Mix.mix(hash, request.promptTokens());
      hash = Mix.mix(hash, request.blockId(request.blockCount() - 1));
    }
    return hash;
  }

  /** Four standard deviations of a share of 0.4 among some thousand sessions of 4 turns. */
  @Test
  void whale_makesFortyPercentOfTheRequests() {
    assertThat(largestFamilyShare(TraceProfile.WHALE)).isBetween(0.34, 0.46);
  }

  @Test
  void agent_reusesNearlyEverything() {
    assertThat(reusableShare(TraceProfile.AGENT)).isBetween(0.9, 0.98);
  }

  @Test
  void hostile_reusesNothing() {
    assertThat(reusableShare(TraceProfile.HOSTILE)).isZero();
  }

  private static double largestFamilyShare(TraceProfile profile) {
    Map<Long, Integer> countByFirstBlock = new HashMap<>();
    for (TraceRequest request : TraceGenerator.generate(profile, 20_000, 10, 5).requests()) {
      countByFirstBlock.merge(request.blockId(0), 1, Integer::sum);
    }
    return countByFirstBlock.values().stream().mapToInt(count -> count).max().orElseThrow()
        / 20_000.0;
  }

  private static double reusableShare(TraceProfile profile) {
    Set<Long> seen = new HashSet<>();
    @Var long reused = 0;
    @Var long all = 0;
    for (TraceRequest request : TraceGenerator.generate(profile, REQUESTS, 10, 5).requests()) {
      int full = request.promptTokens() / 128;
      @Var int matched = 0;
      while (matched < full && seen.contains(request.blockId(matched))) {
        matched++;
      }
      reused += 128L * matched;
      all += request.promptTokens();
      for (int i = 0; i < full; i++) {
        seen.add(request.blockId(i));
      }
    }
    return (double) reused / all;
  }
}
