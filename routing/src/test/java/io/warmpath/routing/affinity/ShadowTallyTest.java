package io.warmpath.routing.affinity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.warmpath.routing.Lease;
import io.warmpath.routing.ManualTicker;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Placements;
import io.warmpath.routing.Policy;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.ShadowCounters;
import io.warmpath.routing.TestFleet;
import io.warmpath.routing.affinity.ShadowTally.Choice;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ShadowTallyTest {

  private static final int TOKENS = 4_000;

  private final ManualTicker ticker = new ManualTicker(7_000_000_000L);

  // ---- sums

  @Test
  void balance_isTheBusiestOverTheMeanOfAllReplicas() {
    ShadowTally tally = new ShadowTally(0);
    tally.add(10, new Choice("a", 1, 2), new Choice("a", 5, 3));
    tally.add(10, new Choice("b", 2, 2), new Choice("a", 6, 1));
    tally.fold(List.of("a", "b", "c", "d"), 0);

    ShadowCounters counters = tally.counters();
    assertThat(counters.promptTokens()).isEqualTo(20);
    assertThat(counters.cachedTokens()).isEqualTo(3);
    assertThat(counters.affinityCachedTokens()).isEqualTo(11);
    assertThat(counters.workMaxToMean()).isEqualTo(2, within(1e-9));
    assertThat(counters.affinityWorkMaxToMean()).isEqualTo(4, within(1e-9));
  }

  @Test
  void work_halvesEachMinuteAndGoesWithItsReplica() {
    ShadowTally tally = new ShadowTally(0);
    tally.add(1, new Choice("a", 0, 4), new Choice("a", 0, 4));
    tally.fold(List.of("a", "b"), 0);
    long aMinute = TimeUnit.MINUTES.toNanos(1);
    tally.add(1, new Choice("b", 0, 6), new Choice("b", 0, 6));
    tally.fold(List.of("a", "b"), aMinute); // 2 of a, 6 of b.
    assertThat(tally.counters().workMaxToMean()).isEqualTo(1.5, within(1e-6));

    tally.fold(List.of("a", "c"), aMinute);
    assertThat(tally.counters().workMaxToMean()).isEqualTo(2, within(1e-6));
  }

  // ---- in a placement

  @Test
  void placement_ofOneFamilyInShadow_showsMoreCachedAndLessEvenWork() {
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = Placements.create(Policy.WARMPATH, shadow(), ticker, 1);
    fleet.publish(placement);
    for (int i = 0; i < 40; i++) {
      serve(placement, TestFleet.prompt(1, TOKENS / 2, i, TOKENS));
    }
    fleet.publish(placement);

    ShadowCounters counters = placement.counters().shadow();
    assertThat(counters.promptTokens()).isEqualTo(40L * TOKENS);
    assertThat(counters.affinityCachedTokens()).isPositive();
    assertThat(counters.affinityCachedTokens()).isGreaterThanOrEqualTo(counters.cachedTokens());
    assertThat(counters.affinityWorkMaxToMean()).isGreaterThan(counters.workMaxToMean());
  }

  @Test
  void placement_thatIsNotInShadow_countsNothing() {
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = Placements.create(Policy.WARMPATH, PlacementConfig.DEFAULT, ticker, 1);
    fleet.publish(placement);
    serve(placement, TestFleet.prompt(1, TOKENS));
    fleet.publish(placement);
    assertThat(placement.counters().shadow()).isEqualTo(ShadowCounters.NONE);
  }

  private void serve(Placement placement, PromptPrefix prefix) {
    PickResult result = placement.picker().pick(PickRequest.of(prefix));
    assertThat(result).isInstanceOf(PickResult.Assigned.class);
    Lease lease = ((PickResult.Assigned) result).lease();
    lease.accepted(0);
    ticker.advanceSeconds(0.5);
    lease.firstToken();
    lease.close(new Lease.Outcome.Completed(prefix.promptTokens(), 0, 10));
  }

  private static PlacementConfig shadow() {
    PlacementConfig base = PlacementConfig.DEFAULT;
    return new PlacementConfig(
        PlacementConfig.Mode.SHADOW,
        base.prefix(),
        base.bound(),
        base.families(),
        base.prefillWeight(),
        0,
        base.anchors(),
        base.limits(),
        base.ejection(),
        Set.of());
  }
}
