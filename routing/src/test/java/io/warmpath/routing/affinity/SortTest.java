package io.warmpath.routing.affinity;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.routing.Decision;
import io.warmpath.routing.Lease;
import io.warmpath.routing.ManualTicker;
import io.warmpath.routing.PickReason;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickRequest.Constraints;
import io.warmpath.routing.PickRequest.Sort;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Confinement;
import io.warmpath.routing.PlacementConfig.PinnedFamily;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.TestFleet;
import io.warmpath.testkit.SeededCases;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Requests whose client says what the best replica is. */
final class SortTest {

  private static final long SESSION = 77;

  private final ManualTicker ticker = new ManualTicker(0);

  private Placement placement(TestFleet fleet) {
    Placement placement = new WarmpathPlacement(PlacementConfig.DEFAULT, ticker, 1);
    fleet.publish(placement);
    return placement;
  }

  private static PickRequest request(PromptPrefix prompt, Sort sort) {
    Constraints constraints = new Constraints(List.of(), List.of(), List.of(), true, sort);
    return new PickRequest(prompt, SESSION, constraints, List.of(), 1);
  }

  private static PickRequest unsorted(PromptPrefix prompt) {
    return new PickRequest(prompt, SESSION, null, List.of(), 1);
  }

  /** Serves a request of the session to its end and returns the replica. */
  private String serve(Placement placement, PromptPrefix prompt) {
    Lease lease = ((PickResult.Assigned) placement.picker().pick(unsorted(prompt))).lease();
    lease.accepted(0);
    ticker.advanceSeconds(1);
    lease.firstToken();
    lease.close(new Lease.Outcome.Completed(prompt.promptTokens(), 0, 10));
    return lease.replica().id();
  }

  private String chosen(TestFleet fleet, Placement placement, PickRequest request) {
    fleet.publish(placement);
    return Objects.requireNonNull(placement.picker().explain(request).chosen());
  }

  @Test
  void decision_sorted_comparesTheWholeFleetByThat() {
    SeededCases.run(
        100,
        random -> {
          TestFleet fleet = new TestFleet(2 + random.nextInt(40), ticker);
          Placement placement = placement(fleet);
          PromptPrefix prompt = TestFleet.prompt(random.nextInt(9), random.nextInt(9000));
          serve(placement, prompt);
          fleet.ids().forEach(id -> fleet.setPending(id, random.nextDouble() / 2));
          fleet.publish(placement);

          Decision fastest = placement.picker().explain(request(prompt, Sort.LATENCY));
          assertThat(best(fastest, c -> c.pendingWorkSeconds() + c.prefillSeconds()))
              .isEqualTo(fastest.chosen());
          Decision emptiest = placement.picker().explain(request(prompt, Sort.THROUGHPUT));
          assertThat(best(emptiest, Decision.Candidate::pendingWorkSeconds))
              .isEqualTo(emptiest.chosen());
          for (Decision decision : List.of(fastest, emptiest)) {
            assertThat(decision.candidates()).hasSize(fleet.ids().size());
            assertThat(decision.reason()).isEqualTo(PickReason.EXPLICIT);
            assertThat(decision.spill()).isFalse();
            assertThat(decision.boundSeconds()).isInfinite();
          }
          assertThat(fastest.sort()).isEqualTo(Sort.LATENCY);
          assertThat(emptiest.sort()).isEqualTo(Sort.THROUGHPUT);
        });
  }

  private static String best(Decision decision, ToDoubleFunction<Decision.Candidate> cost) {
    return decision.candidates().stream()
        .min(Comparator.comparingDouble(cost))
        .orElseThrow()
        .replicaId();
  }

  /* 4,000 tokens take 0.2 s; for the good of those that come after, the policy waits longer. */
  @Test
  void latency_waitThatTheCacheDoesNotMakeUpFor_leavesTheHolder() {
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prompt = TestFleet.prompt(1, 4000);
    String holder = serve(placement, prompt);

    fleet.setPending(holder, 0.15);
    assertThat(chosen(fleet, placement, request(prompt, Sort.LATENCY))).isEqualTo(holder);
    fleet.setPending(holder, 0.25);
    assertThat(chosen(fleet, placement, unsorted(prompt))).isEqualTo(holder);
    assertThat(chosen(fleet, placement, request(prompt, Sort.LATENCY))).isNotEqualTo(holder);
  }

  @Test
  void throughput_holderWithTheLeastMoreWork_isLeft_andOfEqualsIsTaken() {
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prompt = TestFleet.prompt(1, 4000);
    String holder = serve(placement, prompt);

    assertThat(chosen(fleet, placement, request(prompt, Sort.THROUGHPUT))).isEqualTo(holder);
    fleet.setPending(holder, 0.01);
    assertThat(chosen(fleet, placement, request(prompt, Sort.THROUGHPUT))).isNotEqualTo(holder);
  }

  @Test
  void throughput_lease_isLimitedToWhatTheNextBestHas() {
    TestFleet fleet = new TestFleet(2, ticker);
    fleet.setPending("r01", 1);
    Placement placement = placement(fleet);
    PromptPrefix prompt = TestFleet.prompt(1, 100);
    Lease lease =
        ((PickResult.Assigned) placement.picker().pick(request(prompt, Sort.THROUGHPUT))).lease();
    assertThat(lease.replica().id()).isEqualTo("r00");
    assertThat(lease.pendingWorkLimitSeconds()).isBetween(0.5, 1.0);
  }

  @Test
  void largeFleet_holderOutsideTheShortList_isStillAmongTheCompared() {
    TestFleet fleet = new TestFleet(300, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prompt = TestFleet.prompt(1, 40_000);
    String holder = serve(placement, prompt);

    fleet.setPending(holder, 1);
    assertThat(chosen(fleet, placement, request(prompt, Sort.LATENCY))).isEqualTo(holder);
    assertThat(chosen(fleet, placement, request(prompt, Sort.THROUGHPUT))).isNotEqualTo(holder);
  }

  @Test
  void confinedFamily_sorted_staysInItsSet() {
    TestFleet fleet = new TestFleet(8, ticker);
    Placement placement = placement(fleet);
    PinnedFamily settings =
        new PinnedFamily(
            2,
            1,
            0,
            List.of(),
            new Confinement(false, Map.of(), true),
            null,
            Double.POSITIVE_INFINITY);
    PromptPrefix prompt = TestFleet.prompt(1, 2000).in(42, settings);
    List<String> members =
        placement.picker().explain(unsorted(prompt)).candidates().stream()
            .map(Decision.Candidate::replicaId)
            .toList();
    fleet.setPending(members.getFirst(), 1);
    assertThat(chosen(fleet, placement, request(prompt, Sort.THROUGHPUT)))
        .isEqualTo(members.getLast());
  }
}
