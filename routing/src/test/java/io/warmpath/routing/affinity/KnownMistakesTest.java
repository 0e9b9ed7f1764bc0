package io.warmpath.routing.affinity;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.routing.Decision;
import io.warmpath.routing.Lease;
import io.warmpath.routing.ManualTicker;
import io.warmpath.routing.PickReason;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mechanism;
import io.warmpath.routing.Placements;
import io.warmpath.routing.Policy;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaBelief;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.TestFleet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Each test guards against one mistake that a router has made. */
final class KnownMistakesTest {

  private final ManualTicker ticker = new ManualTicker(0);

  private Placement placement(PlacementConfig config, TestFleet fleet) {
    Placement placement = Placements.create(Policy.WARMPATH, config, ticker, 1);
    fleet.publish(placement);
    return placement;
  }

  private Placement placement(TestFleet fleet) {
    return placement(PlacementConfig.DEFAULT, fleet);
  }

  private static Lease lease(Placement placement, PromptPrefix prefix) {
    PickResult result = placement.picker().pick(PickRequest.of(prefix));
    assertThat(result).isInstanceOf(PickResult.Assigned.class);
    return ((PickResult.Assigned) result).lease();
  }

  /** Serves a request to its end and returns the replica. */
  private String serve(Placement placement, PromptPrefix prefix) {
    Lease lease = lease(placement, prefix);
    lease.accepted(0);
    ticker.advanceSeconds(1);
    lease.firstToken();
    lease.close(new Lease.Outcome.Completed(prefix.promptTokens(), 0, 10));
    return lease.replica().id();
  }

  private static Decision explain(Placement placement, PromptPrefix prefix) {
    return placement.picker().explain(PickRequest.of(prefix));
  }

  private static int matched(Placement placement, PromptPrefix prefix, String id) {
    return explain(placement, prefix).candidates().stream()
        .filter(candidate -> candidate.replicaId().equals(id))
        .mapToInt(Decision.Candidate::matchedTokens)
        .findFirst()
        .orElse(0);
  }

  @Test
  void belief_followsSendsAgeAndMembership() {
    TestFleet fleet = new TestFleet(2, ticker);
    fleet.setPending("r01", 2);
    Placement placement = placement(fleet);
    Lease lease = lease(placement, TestFleet.prompt(1, 4000));
    ReplicaBelief chosen = Objects.requireNonNull(placement.picker().belief("r00"));
    assertThat(lease.replica().id()).isEqualTo("r00");
    assertThat(chosen.inFlight()).isEqualTo(1);
    assertThat(chosen.pendingWorkSeconds()).isBetween(0.2, 0.3);
    assertThat(chosen.stale()).isFalse();
    assertThat(placement.picker().belief("nobody")).isNull();

    ticker.advanceSeconds(10);
    fleet.publishOld(placement, 9);
    ReplicaBelief old = Objects.requireNonNull(placement.picker().belief("r00"));
    assertThat(old.stale()).isTrue();
  }

  @Test
  void speed_oneReplicaMeasuredItselfTooFast_doesNotAttractEverything() {
    TestFleet fleet = new TestFleet(16, ticker);
    fleet.change("r03", draft -> draft.speed(new PrefillSpeed(29_000, 0.001)));
    Placement placement = placement(fleet);
    Map<String, Integer> placed = new HashMap<>();
    for (int seed = 1; seed <= 64; seed++) {
      placed.merge(serve(placement, TestFleet.prompt(seed, 4000)), 1, Integer::sum);
      ticker.advanceSeconds(1);
    }
    assertThat(placed.getOrDefault("r03", 0)).isLessThan(16);
  }

  @Test
  void bound_hardlyAnyTraffic_leavesOwnerItsSecondRequest() {
    Placement placement = placement(new TestFleet(8, ticker));
    Lease first = lease(placement, TestFleet.prompt(1, 4000));
    first.accepted(0);
    Lease second = lease(placement, TestFleet.prompt(1, 4000));
    assertThat(second.replica()).isEqualTo(first.replica());
    assertThat(second.reason()).isEqualTo(PickReason.CACHED_PREFIX);
  }

  @Test
  void shortPrompt_withoutKey_isPlacedOnTheLeastLoaded() {
    TestFleet fleet = new TestFleet(4, ticker);
    List.of("r00", "r01", "r03").forEach(id -> fleet.setPending(id, 2));
    Lease lease = lease(placement(fleet), TestFleet.prompt(1, 100));
    assertThat(lease.replica().id()).isEqualTo("r02");
    assertThat(lease.reason()).isEqualTo(PickReason.LEAST_WORK);
  }

  @Test
  void anchor_touchedAtFirstToken_outlivesEvictionOfItsSending() {
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prefix = TestFleet.prompt(1, 4000);
    Lease lease = lease(placement, prefix);
    lease.accepted(0);
    ticker.advanceSeconds(5);
    lease.firstToken();
    String id = lease.replica().id();

    ticker.advanceSeconds(1);
    fleet.change(id, draft -> draft.evictionAgeSeconds(3));
    fleet.publish(placement);
    assertThat(matched(placement, prefix, id)).isEqualTo(3968);

    ticker.advanceSeconds(2);
    fleet.change(id, draft -> draft.evictionAgeSeconds(0.5));
    fleet.publish(placement);
    assertThat(matched(placement, prefix, id)).isLessThanOrEqualTo(RankCredits.FIRST_TOKENS);
  }

  @Test
  void anchor_touchedAtTheEnd_outlivesEvictionOfItsFirstToken() {
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prefix = TestFleet.prompt(1, 4000);
    Lease lease = lease(placement, prefix);
    lease.accepted(0);
    lease.firstToken();
    ticker.advanceSeconds(20);
    lease.close(new Lease.Outcome.Completed(4000, 0, 500));
    String id = lease.replica().id();

    ticker.advanceSeconds(3);
    fleet.change(id, draft -> draft.evictionAgeSeconds(5));
    fleet.publish(placement);
    assertThat(matched(placement, prefix, id)).isEqualTo(3968);
  }

  @Test
  void anchors_moreThanCapacity_areEvicted() {
    AnchorTable anchors = new AnchorTable(1024);
    for (int i = 1; i <= 100_000; i++) {
      anchors.touch(i * 0x9E3779B97F4A7C15L, 1, i);
      anchors.grow();
    }
    assertThat(anchors.size()).isLessThanOrEqualTo(1024);
    assertThat(anchors.evictedCount()).isGreaterThan(90_000);
  }

  @Test
  void match_sharedStepHasMoreHoldersThanAnAnchorKeeps_stillFindsTheDeepHolder() {
    TestFleet fleet = new TestFleet(12, ticker);
    Placement placement = placement(fleet);
    Map<String, PromptPrefix> byReplica = new HashMap<>();
    for (int own = 100; byReplica.size() < 8 && own < 1000; own++) {
      PromptPrefix prefix = TestFleet.prompt(1, 2048, own, 6000);
      PickRequest request =
          new PickRequest(
              prefix,
              0,
              new PickRequest.Constraints(
                  List.of(TestFleet.id(own % 12)), List.of(), List.of(), true),
              List.of(),
              1);
      Lease lease = ((PickResult.Assigned) placement.picker().pick(request)).lease();
      lease.accepted(0);
      lease.firstToken();
      lease.close(new Lease.Outcome.Completed(6000, 0, 1));
      byReplica.put(lease.replica().id(), prefix);
      ticker.advanceSeconds(0.1);
    }
    ticker.advanceSeconds(5);
    byReplica.forEach(
        (id, prefix) -> assertThat(matched(placement, prefix, id)).as(id).isEqualTo(5888));
  }

  @Test
  void epoch_grown_killsEveryAnchorOfTheReplica() {
    TestFleet fleet = new TestFleet(3, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prefix = TestFleet.prompt(1, 4000);
    Lease late = lease(placement, prefix);
    String id = serve(placement, prefix);
    assertThat(matched(placement, prefix, id)).isPositive();

    ticker.advanceSeconds(1);
    fleet.change(id, draft -> draft.epoch(2));
    fleet.publish(placement);
    assertThat(matched(placement, prefix, id)).isZero();
    late.firstToken();
    assertThat(matched(placement, prefix, id)).isZero();
  }

  @Test
  void slot_takenOverByAnotherReplica_inheritsNothing() {
    TestFleet fleet = new TestFleet(1, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prefix = TestFleet.prompt(1, 4000);
    Lease late = lease(placement, prefix);
    serve(placement, prefix);
    ticker.advanceSeconds(1);
    fleet.remove("r00");
    fleet.publish(placement);
    fleet.add("r77");
    fleet.publish(placement);
    assertThat(matched(placement, prefix, "r77")).isLessThanOrEqualTo(RankCredits.FIRST_TOKENS);
    late.firstToken();
    late.close(new Lease.Outcome.Failed());
    assertThat(matched(placement, prefix, "r77")).isLessThanOrEqualTo(RankCredits.FIRST_TOKENS);
    assertThat(placement.counters().inFlight()).isZero();
  }

  @Test
  void refusal_ofTheBestReplica_correctsTheViewAndSpills() {
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prefix = TestFleet.prompt(1, 4000);
    String holder = serve(placement, prefix);
    Lease refused = lease(placement, prefix);
    assertThat(refused.replica().id()).isEqualTo(holder);
    assertThat(refused.pendingWorkLimitSeconds()).isBetween(0.5, 3.0);
    refused.close(new Lease.Outcome.Refused(10));

    PickResult second = placement.picker().pick(PickRequest.of(prefix).retry());
    Lease lease = ((PickResult.Assigned) second).lease();
    assertThat(lease.replica().id()).isNotEqualTo(holder);
    assertThat(placement.counters().refused()).isEqualTo(1);
  }

  @Test
  void lastTry_ofARefusedRequest_carriesNoLimit() {
    Placement placement = placement(new TestFleet(4, ticker));
    PickRequest third = PickRequest.of(TestFleet.prompt(1, 4000)).retry().retry();
    Lease lease = ((PickResult.Assigned) placement.picker().pick(third)).lease();
    assertThat(lease.pendingWorkLimitSeconds()).isInfinite();
  }

  @Test
  void everyReplica_farOverMaxQueueWait_isRefusedWithAHint() {
    TestFleet fleet = new TestFleet(4, ticker);
    fleet.ids().forEach(id -> fleet.setPending(id, 7));
    Placement placement = placement(fleet);
    PickResult result = placement.picker().pick(PickRequest.of(TestFleet.prompt(1, 4000)));
    assertThat(result).isEqualTo(new PickResult.Rejected(PickResult.Rejected.Reason.OVERLOADED, 4));
  }

  @Test
  void failures_inARow_ejectUntilATrialSucceeds() {
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prefix = TestFleet.prompt(1, 4000);
    String owner = serve(placement, prefix);
    for (int i = 0; i < 3; i++) {
      Lease lease = lease(placement, prefix);
      assertThat(lease.replica().id()).isEqualTo(owner);
      lease.close(new Lease.Outcome.Failed());
    }
    assertThat(placement.counters().ejectedReplicas()).isEqualTo(1);
    assertThat(lease(placement, prefix).replica().id()).isNotEqualTo(owner);

    ticker.advanceSeconds(2.5);
    Lease trial = lease(placement, prefix);
    assertThat(trial.replica().id()).isEqualTo(owner);
    assertThat(lease(placement, prefix).replica().id()).isNotEqualTo(owner);
    trial.close(new Lease.Outcome.Completed(4000, 0, 1));
    assertThat(placement.counters().ejectedReplicas()).isZero();
    assertThat(lease(placement, prefix).replica().id()).isEqualTo(owner);
  }

  @Test
  void ejection_ofTheWholeFleet_stopsAtItsShare() {
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = placement(fleet);
    for (int i = 0; i < 100; i++) {
      lease(placement, TestFleet.prompt(i, 4000)).close(new Lease.Outcome.Failed());
    }
    assertThat(placement.counters().ejectedReplicas()).isEqualTo(2);
  }

  @Test
  void hotFamily_sameWholePrompt_getsSeveralReplicasAndFewerLater() {
    TestFleet fleet = new TestFleet(16, ticker);
    Placement placement = placement(fleet);
    PromptPrefix whale = TestFleet.prompt(1, 1100);
    for (int i = 0; i < 200; i++) {
      serve(placement, i % 2 == 0 ? whale : TestFleet.prompt(i + 10, 1100));
    }
    fleet.publish(placement);
    Decision hot = explain(placement, whale);
    assertThat(hot.requestShare()).isBetween(0.45, 0.55);
    assertThat(hot.replicaSetSize()).isBetween(15, 16);
    for (int i = 0; i < 600; i++) {
      serve(placement, i % 20 == 0 ? whale : TestFleet.prompt(i + 1000, 1100));
    }
    fleet.publish(placement);
    assertThat(explain(placement, whale).replicaSetSize()).isBetween(1, 4);
  }

  @Test
  void hotShallowPrefix_whosePromptsPartWays_isSplitByDeeperKeys() {
    TestFleet fleet = new TestFleet(16, ticker);
    Placement placement = placement(fleet);
    for (int i = 0; i < 300; i++) {
      serve(placement, TestFleet.prompt(1, 1500, i % 60, 4500));
      if (i % 10 == 0) {
        fleet.publish(placement);
      }
    }
    fleet.publish(placement);
    Set<String> owners = new HashSet<>();
    for (int i = 0; i < 60; i++) {
      Decision decision = explain(placement, TestFleet.prompt(1, 1500, 500 + i, 4500));
      assertThat(decision.replicaSetSize()).isEqualTo(1);
      decision.candidates().stream()
          .filter(candidate -> candidate.sources().contains(Decision.Source.REPLICA_SET))
          .forEach(candidate -> owners.add(candidate.replicaId()));
    }
    assertThat(owners).hasSizeGreaterThan(10);
  }

  @Test
  void trafficCap_familyHasItsShareOfTheReplica_goesElsewhereUnlessAllAreFull() {
    PromptPrefix whale = TestFleet.prompt(1, 1100);
    PlacementConfig.PinnedFamily pinned =
        new PlacementConfig.PinnedFamily(2, 0.5, 0, List.of("r00", "r01"));
    TestFleet fleet = new TestFleet(4, ticker);
    fleet.change(
        "r00", draft -> draft.families(new ReplicaReport.FamilyShare(whale.family(), 0.9, 0.9)));
    Placement placement = placement(pinned(whale, pinned), fleet);
    Decision decision = explain(placement, whale);
    assertThat(decision.candidates().getFirst().rejected())
        .isEqualTo(Decision.Rejection.TRAFFIC_CAP);
    assertThat(decision.chosen()).isEqualTo("r01");
  }

  @Test
  void pinnedFamily_hasItsReplicasFromTheFirstRequest() {
    PromptPrefix whale = TestFleet.prompt(1, 1100);
    PlacementConfig.PinnedFamily pinned =
        new PlacementConfig.PinnedFamily(3, 1, 0, List.of("r05", "r02"));
    Placement placement = placement(pinned(whale, pinned), new TestFleet(8, ticker));
    Decision decision = explain(placement, whale);
    assertThat(decision.replicaSetSize()).isEqualTo(3);
    assertThat(decision.candidates().get(0).replicaId()).isEqualTo("r05");
    assertThat(decision.candidates().get(1).replicaId()).isEqualTo("r02");
  }

  @Test
  void rateCap_reachedOnAReplica_sendsTheNextElsewhereUntilTheNextMinute() {
    PromptPrefix whale = TestFleet.prompt(1, 1100);
    PlacementConfig.PinnedFamily pinned = new PlacementConfig.PinnedFamily(1, 1, 3, List.of("r05"));
    Placement placement = placement(pinned(whale, pinned), new TestFleet(8, ticker));
    List<String> served = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      served.add(serve(placement, whale));
    }
    assertThat(served.subList(0, 3)).containsOnly("r05");
    assertThat(served.get(3)).isNotEqualTo("r05");
    ticker.advanceSeconds(60);
    assertThat(serve(placement, whale)).isIn("r05", served.get(3));
  }

  private static PlacementConfig pinned(PromptPrefix prefix, PlacementConfig.PinnedFamily pinned) {
    PlacementConfig base = PlacementConfig.DEFAULT;
    return new PlacementConfig(
        base.mode(),
        base.prefix(),
        base.bound(),
        new PlacementConfig.Families(0.5, 0, 0, 60, 256, Map.of(prefix.family(), pinned)),
        base.prefillWeight(),
        0,
        base.anchors(),
        base.limits(),
        base.ejection(),
        Set.of(Mechanism.SLICES));
  }

  @Test
  void session_withoutSharedPrefix_returnsToItsReplicaWhenEqual() {
    Placement placement = placement(new TestFleet(8, ticker));
    PickRequest first = new PickRequest(TestFleet.prompt(1, 90), 77, null, List.of(), 1);
    Lease lease = ((PickResult.Assigned) placement.picker().pick(first)).lease();
    lease.accepted(0);
    lease.close(new Lease.Outcome.Completed(90, 0, 1));
    Decision next =
        placement
            .picker()
            .explain(new PickRequest(TestFleet.prompt(2, 90), 77, null, List.of(), 1));
    assertThat(next.candidates())
        .anySatisfy(candidate -> {
          assertThat(candidate.sources()).contains(Decision.Source.SESSION);
          assertThat(candidate.replicaId()).isEqualTo(lease.replica().id());
        });
    assertThat(next.reason()).isEqualTo(PickReason.SESSION);
  }

  @Test
  void session_whoseReplicaFailed_doesNotGoBack() {
    Placement placement = placement(new TestFleet(8, ticker));
    PickRequest request = new PickRequest(TestFleet.prompt(1, 90), 77, null, List.of(), 1);
    Lease lease = ((PickResult.Assigned) placement.picker().pick(request)).lease();
    lease.accepted(0);
    assertThat(sources(placement.picker().explain(request))).contains(Decision.Source.SESSION);
    lease.close(new Lease.Outcome.Failed());
    assertThat(sources(placement.picker().explain(request)))
        .doesNotContain(Decision.Source.SESSION);
  }

  private static List<Decision.Source> sources(Decision decision) {
    return decision.candidates().stream().flatMap(one -> one.sources().stream()).toList();
  }

  @Test
  void reportedAnchors_ofAnotherRoutersRequest_areMatched() {
    TestFleet fleet = new TestFleet(8, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prefix = TestFleet.prompt(1, 4000);
    ticker.advanceSeconds(10);
    fleet.change(
        "r06",
        draft ->
            draft.anchors(new RecentAnchors(new long[] {prefix.stepHash(29)}, new int[] {500})));
    fleet.publish(placement);
    Decision decision = explain(placement, prefix);
    assertThat(decision.chosen()).isEqualTo("r06");
    assertThat(decision.reason()).isEqualTo(PickReason.CACHED_PREFIX);
    assertThat(matched(placement, prefix, "r06")).isEqualTo(3840);
  }

  @Test
  void reports_tooOld_countAsTheMeanAndOwnRequestsStillCount() {
    TestFleet fleet = new TestFleet(4, ticker);
    fleet.setPending("r00", 3);
    Placement placement = placement(fleet);
    ticker.advanceSeconds(20);
    fleet.publishOld(placement, 20);
    Set<String> chosen = new HashSet<>();
    for (int i = 0; i < 16; i++) {
      chosen.add(lease(placement, TestFleet.prompt(i, 100)).replica().id());
    }
    assertThat(chosen).hasSize(4);
  }

  @Test
  void shadow_decidesAsOffAndCountsTheDifference() {
    PlacementConfig base = PlacementConfig.DEFAULT;
    PlacementConfig config =
        new PlacementConfig(
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
    Placement placement = placement(config, new TestFleet(16, ticker));
    for (int i = 0; i < 50; i++) {
      assertThat(lease(placement, TestFleet.prompt(i, 4000)).reason())
          .isEqualTo(PickReason.LEAST_WORK);
    }
    assertThat(placement.counters().shadowDisagreed()).isPositive();
  }
}
