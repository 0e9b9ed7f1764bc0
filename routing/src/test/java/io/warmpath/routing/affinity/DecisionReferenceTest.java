package io.warmpath.routing.affinity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.AnchorLadder;
import io.warmpath.routing.Decision;
import io.warmpath.routing.Lease;
import io.warmpath.routing.ManualTicker;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mechanism;
import io.warmpath.routing.Placements;
import io.warmpath.routing.Policy;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.TestFleet;
import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Plays random histories against the policy and a model of it in plain maps, and compares what both
 * believe cached and what both choose.
 */
final class DecisionReferenceTest {

  private static final int REPLICAS = 6;
  private static final int BLOCK_TOKENS = 16;
  private static final double GRACE_SECONDS = 1;

  @Test
  void decisions_overRandomHistories_equalTheModel() {
    SeededCases.run(40, random -> new History(random).play(150));
  }

  /** One history. */
  private static final class History {
    private final SplittableRandom random;
    private final ManualTicker ticker = new ManualTicker(0);
    private final TestFleet fleet = new TestFleet(REPLICAS, ticker);
    private final PlacementConfig config =
        PlacementConfig.DEFAULT.without(Mechanism.RANK_CREDITS, Mechanism.SESSIONS);
    private final Placement placement = Placements.create(Policy.WARMPATH, config, ticker, 1);
    private final Model model = new Model();
    private final Map<String, Double> evictionAgeSeconds = new HashMap<>();

    History(SplittableRandom random) {
      this.random = random;
      fleet.publish(placement);
    }

    void play(int events) {
      for (int event = 0; event < events; event++) {
        ticker.advanceSeconds(0.25);
        switch (random.nextInt(10)) {
          case 0 -> evict();
          case 1 -> restart();
          case 2, 3 -> load();
          default -> serve();
        }
      }
    }

    private void evict() {
      String id = TestFleet.id(random.nextInt(REPLICAS));
      double ageSeconds = 0.25 * (1 + random.nextInt(40));
      fleet.change(id, draft -> draft.evictionAgeSeconds(ageSeconds));
      fleet.publish(placement);
      model.evictedSeconds.put(id, nowSeconds() - ageSeconds);
      evictionAgeSeconds.put(id, ageSeconds);
    }

    private void restart() {
      String id = TestFleet.id(random.nextInt(REPLICAS));
      long epoch = 2L + random.nextInt(1000);
      fleet.change(id, draft -> draft.epoch(epoch).evictionAgeSeconds(Double.POSITIVE_INFINITY));
      fleet.publish(placement);
      model.bornSeconds.put(id, nowSeconds());
      model.evictedSeconds.remove(id);
    }

    private void load() {
      String id = TestFleet.id(random.nextInt(REPLICAS));
      fleet.setPending(id, random.nextDouble() * 3);
      fleet.publish(placement);
      // The report says the same age again, so the mark moved on with it.
      model.evictedSeconds.computeIfPresent(
          id, (key, before) -> nowSeconds() - evictionAgeSeconds.getOrDefault(id, 0.0));
    }

    private void serve() {
      int shared = 128 * random.nextInt(12);
      PromptPrefix prefix = TestFleet.prompt(random.nextInt(3), shared, random.nextInt(8), 2000);
      PickRequest request = PickRequest.of(prefix).retry().retry();
      Decision decision = placement.picker().explain(request);
      model.check(decision, prefix, config);
      Lease lease = ((PickResult.Assigned) placement.picker().pick(request)).lease();
      assertThat(lease.replica().id()).isEqualTo(decision.chosen());
      if (random.nextInt(5) > 0) {
        lease.firstToken();
        model.cached(prefix, lease.replica().id(), nowSeconds());
      }
      if (random.nextBoolean()) {
        lease.close(new Lease.Outcome.Completed(prefix.promptTokens(), 0, 1));
        model.cached(prefix, lease.replica().id(), nowSeconds());
      } else {
        lease.close(new Lease.Outcome.Cancelled());
      }
    }

    private double nowSeconds() {
      return ticker.nanos() / 1e9;
    }
  }

  /** What is cached where, in plain maps, and who should be chosen. */
  private static final class Model {
    private final Map<Long, Map<String, Double>> touchSeconds = new HashMap<>();
    private final Map<String, Double> bornSeconds = new HashMap<>();
    private final Map<String, Double> evictedSeconds = new HashMap<>();

    void cached(PromptPrefix prefix, String id, double nowSeconds) {
      AnchorLadder.forEach(
          prefix.stepCount(),
          8,
          step -> {
            Map<String, Double> holders =
                touchSeconds.computeIfAbsent(prefix.stepHash(step), hash -> new HashMap<>());
            holders.put(id, nowSeconds);
            if (holders.size() > AnchorTable.HOLDERS) {
              List<Map.Entry<String, Double>> byAge = new ArrayList<>(holders.entrySet());
              byAge.sort(Map.Entry.comparingByValue());
              holders.remove(byAge.getFirst().getKey());
            }
          });
    }

    private int matchedTokens(PromptPrefix prefix, String id) {
      @Var int deepest = 0;
      for (int step = 0; step < prefix.stepCount(); step++) {
        Double touch = touchSeconds.getOrDefault(prefix.stepHash(step), Map.of()).get(id);
        if (touch != null
            && touch >= bornSeconds.getOrDefault(id, -1.0)
            && touch + GRACE_SECONDS > evictedSeconds.getOrDefault(id, -1.0)) {
          deepest = (step + 1) * prefix.stepTokens();
        }
      }
      return Math.min(deepest, prefix.promptTokens() - 1) / BLOCK_TOKENS * BLOCK_TOKENS;
    }

    void check(Decision decision, PromptPrefix prefix, PlacementConfig config) {
      for (Decision.Candidate candidate : decision.candidates()) {
        int matched = matchedTokens(prefix, candidate.replicaId());
        assertThat(candidate.matchedTokens()).as(candidate.replicaId()).isEqualTo(matched);
        double prefill = TestFleet.SPEED.seconds(prefix.promptTokens() - matched);
        assertThat(candidate.costSeconds())
            .isCloseTo(
                candidate.pendingWorkSeconds() + config.prefillWeight() * prefill, within(1e-9));
        assertThat(candidate.rejected() == Decision.Rejection.OVER_BOUND)
            .isEqualTo(candidate.pendingWorkSeconds() > decision.boundSeconds());
      }
      Decision.Candidate best =
          decision.candidates().stream()
              .min(
                  Comparator.comparing((Decision.Candidate each) -> each.rejected() != null)
                      .thenComparingDouble(Decision.Candidate::costSeconds))
              .orElseThrow();
      assertThat(decision.chosen()).isEqualTo(best.replicaId());
    }
  }
}
