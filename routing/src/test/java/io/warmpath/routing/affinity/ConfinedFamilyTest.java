package io.warmpath.routing.affinity;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Decision;
import io.warmpath.routing.Lease;
import io.warmpath.routing.ManualTicker;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Confinement;
import io.warmpath.routing.PlacementConfig.Mode;
import io.warmpath.routing.PlacementConfig.PinnedFamily;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.TestFleet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Families that the config gives a set of their own. */
final class ConfinedFamilyTest {

  private static final Confinement SET_ONLY = new Confinement(false, Map.of(), true);

  private final ManualTicker ticker = new ManualTicker(0);

  private static PinnedFamily fixed(int replicas, double trafficCap) {
    return new PinnedFamily(
        replicas, trafficCap, 0, List.of(), SET_ONLY, null, Double.POSITIVE_INFINITY);
  }

  private static PromptPrefix of(PromptPrefix prompt, PinnedFamily settings) {
    return prompt.in(42, settings);
  }

  private Placement placement(TestFleet fleet) {
    Placement placement = new WarmpathPlacement(PlacementConfig.DEFAULT, ticker, 1);
    fleet.publish(placement);
    return placement;
  }

  private static Decision explain(Placement placement, PromptPrefix prompt) {
    return placement.picker().explain(PickRequest.of(prompt));
  }

  private static Set<String> candidates(Decision decision) {
    Set<String> ids = new HashSet<>();
    decision.candidates().forEach(candidate -> ids.add(candidate.replicaId()));
    return ids;
  }

  @Test
  void fixedSet_allMembersBusy_isNotLeft() {
    TestFleet fleet = new TestFleet(8, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prompt = of(TestFleet.prompt(1, 2000), fixed(2, 1));
    Set<String> members = candidates(explain(placement, prompt));
    assertThat(members).hasSize(2);
    members.forEach(id -> fleet.setPending(id, 2));
    fleet.publish(placement);
    Decision decision = explain(placement, prompt);
    assertThat(candidates(decision)).isEqualTo(members);
    assertThat(decision.chosen()).isIn(members);
    assertThat(decision.spill()).isFalse();
  }

  @Test
  void fixedSet_memberFailedTheRequest_isReplacedByTheNextInOrder() {
    TestFleet fleet = new TestFleet(8, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prompt = of(TestFleet.prompt(1, 2000), fixed(1, 1));
    String member = String.valueOf(explain(placement, prompt).chosen());
    PickRequest request = PickRequest.of(prompt);
    assertThat(placement.picker().explain(request.retryAfterFailure(member)).chosen())
        .isNotNull()
        .isNotEqualTo(member);
    assertThat(placement.picker().explain(request.retryWithout(member)).chosen()).isNull();
  }

  @Test
  void fixedSet_memberDrains_isReplacedByTheNextInOrder() {
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prompt = of(TestFleet.prompt(1, 2000), fixed(2, 1));
    Set<String> before = candidates(explain(placement, prompt));
    String drained = before.iterator().next();
    fleet.setState(drained, ReplicaReport.State.DRAINING);
    fleet.publish(placement);
    assertThat(candidates(explain(placement, prompt))).hasSize(2).doesNotContain(drained);
  }

  @Test
  void namedSet_nobodyOfItIsThere_isRefused() {
    PinnedFamily named =
        new PinnedFamily(
            2,
            1,
            0,
            List.of("r01", "r03"),
            new Confinement(true, Map.of(), false),
            null,
            Double.POSITIVE_INFINITY);
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prompt = of(TestFleet.prompt(1, 2000), named);
    assertThat(candidates(explain(placement, prompt))).containsExactlyInAnyOrder("r01", "r03");
    fleet.remove("r01");
    fleet.remove("r03");
    fleet.publish(placement);
    assertThat(explain(placement, prompt).chosen()).isNull();
  }

  @Test
  void labelledSet_isOfReplicasWithTheLabelsOnly() {
    PinnedFamily labelled =
        new PinnedFamily(
            3,
            1,
            0,
            List.of(),
            new Confinement(false, Map.of("zone", "a"), false),
            null,
            Double.POSITIVE_INFINITY);
    TestFleet fleet = new TestFleet(6, ticker);
    for (String id : List.of("r00", "r02", "r04")) {
      fleet.change(id, draft -> draft.labels(Map.of("zone", "a", "gpu", "h100")));
    }
    fleet.change("r01", draft -> draft.labels(Map.of("zone", "b")));
    Placement placement = placement(fleet);
    assertThat(candidates(explain(placement, of(TestFleet.prompt(1, 2000), labelled))))
        .containsExactlyInAnyOrder("r00", "r02", "r04");
  }

  @Test
  void mode_ofTheFamily_winsOverTheModels() {
    PinnedFamily off =
        new PinnedFamily(0, 1, 0, List.of(), null, Mode.OFF, Double.POSITIVE_INFINITY);
    Placement placement = placement(new TestFleet(4, ticker));
    assertThat(explain(placement, of(TestFleet.prompt(1, 2000), off)).candidates())
        .allSatisfy(
            candidate -> assertThat(candidate.sources()).containsOnly(Decision.Source.LEAST_WORK));
  }

  @Test
  void ttl_passedSinceTheLastUse_forgetsWhatIsCached() {
    PinnedFamily shortLived = new PinnedFamily(0, 1, 0, List.of(), null, null, 30);
    TestFleet fleet = new TestFleet(4, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prompt = of(TestFleet.prompt(1, 2000), shortLived);
    PickResult.Assigned assigned =
        (PickResult.Assigned) placement.picker().pick(PickRequest.of(prompt));
    assigned.lease().accepted(0);
    assigned.lease().firstToken();
    assertThat(placement.picker().explain(PickRequest.of(prompt)).reason())
        .isEqualTo(io.warmpath.routing.PickReason.CACHED_PREFIX);
    ticker.advanceSeconds(31);
    fleet.ids().forEach(id -> fleet.setPending(id, 0));
    fleet.publish(placement);
    assertThat(placement.picker().explain(PickRequest.of(prompt)).reason())
        .isEqualTo(io.warmpath.routing.PickReason.REPLICA_SET);
  }

  @Test
  void reconfigure_takesEffectWithTheNextView() {
    TestFleet fleet = new TestFleet(8, ticker);
    Placement placement = placement(fleet);
    PromptPrefix prompt = TestFleet.prompt(1, 2000);
    assertThat(explain(placement, prompt).replicaSetSize()).isEqualTo(1);
    PlacementConfig base = PlacementConfig.DEFAULT;
    PlacementConfig changed =
        new PlacementConfig(
            base.mode(),
            base.prefix(),
            base.bound(),
            new PlacementConfig.Families(0.5, 0, 3, 60, 256, Map.of()),
            base.prefillWeight(),
            base.pressureWeight(),
            base.anchors(),
            base.limits(),
            base.ejection(),
            Set.of());
    assertThat(placement.reconfigure(changed)).isTrue();
    fleet.publish(placement);
    assertThat(explain(placement, prompt).replicaSetSize()).isEqualTo(3);
  }

  /*
   * Eight replicas at 70 % of their capacity. The family has 10 % of the work and a set of three,
   * so on average 27 % of a member's; its cap is 50 %. Without control the share over ten seconds
   * passes the cap now and then.
   */
  @Test
  void fixedSet_underLoad_staysUnderItsCapOverAnyTenSeconds() {
    for (int seed = 0; seed < 5; seed++) {
      Traffic traffic = new Traffic(seed, 3, 0.5);
      traffic.run(300, 0.1);
      assertThat(traffic.familyReplicas()).as("seed %d: replicas that served it", seed).hasSize(3);
      assertThat(traffic.largestShare())
          .as("seed %d: largest share", seed)
          .isLessThanOrEqualTo(0.5);
      assertThat(traffic.refused).as("seed %d: refused", seed).isZero();
    }
  }

  @Test
  void fixedSet_moreDemandThanTheCapAllows_isRefusedAndNotSpilled() {
    Traffic traffic = new Traffic(7, 2, 0.4);
    traffic.run(120, 0.4);
    assertThat(traffic.familyReplicas()).hasSize(2);
    assertThat(traffic.largestShare()).isLessThanOrEqualTo(0.4);
    assertThat(traffic.refused).isPositive();
  }

  /** Requests at random times to eight replicas that each compute one prompt after the other. */
  private final class Traffic {

    private static final int REPLICAS = 8;
    private static final double UTILIZATION = 0.7;
    private static final double TICK_SECONDS = 0.05;
    private static final int MIN_TOKENS = 1500;
    private static final int MORE_TOKENS = 2000;

    private final Random random;
    private final TestFleet fleet = new TestFleet(REPLICAS, ticker);
    private final Placement placement = placement(fleet);
    private final PinnedFamily settings;
    private final Map<String, Double> pendingSeconds = new TreeMap<>();
    private final List<Work> done = new ArrayList<>();
    private @Var int refused;
    private @Var int prompts;

    /** One request's work. */
    private record Work(String replica, boolean ofFamily, double startSeconds, double seconds) {}

    Traffic(int seed, int replicas, double trafficCap) {
      this.random = new Random(seed);
      this.settings = fixed(replicas, trafficCap);
      fleet.ids().forEach(id -> pendingSeconds.put(id, 0.0));
    }

    void run(int seconds, double familyShare) {
      double meanWork = TestFleet.SPEED.seconds(MIN_TOKENS + MORE_TOKENS / 2);
      double rate = UTILIZATION * REPLICAS / meanWork;
      for (@Var double now = 0; now < seconds; now += TICK_SECONDS) {
        for (int i = poisson(rate * TICK_SECONDS); i > 0; i--) {
          request(random.nextDouble() < familyShare, now);
        }
        ticker.advanceSeconds(TICK_SECONDS);
        for (String id : fleet.ids()) {
          pendingSeconds.merge(id, -TICK_SECONDS, (a, b) -> Math.max(0, a + b));
          fleet.setPending(id, pendingSeconds.getOrDefault(id, 0.0));
        }
        fleet.publish(placement);
      }
    }

    /** Prompts of their own after a short shared beginning, so that there is work to do. */
    private void request(boolean ofFamily, double now) {
      int tokens = MIN_TOKENS + random.nextInt(MORE_TOKENS);
      PromptPrefix prompt = TestFleet.prompt(100_000 + prompts++, tokens);
      PickResult result =
          placement.picker().pick(PickRequest.of(ofFamily ? of(prompt, settings) : prompt));
      switch (result) {
        case PickResult.Rejected _ -> refused++;
        case PickResult.Assigned(Lease lease) -> {
          String id = lease.replica().id();
          double before = pendingSeconds.getOrDefault(id, 0.0);
          double work = TestFleet.SPEED.seconds(tokens);
          done.add(new Work(id, ofFamily, now, work));
          pendingSeconds.put(id, before + work);
          lease.accepted(before);
          lease.firstToken();
          lease.close(new Lease.Outcome.Completed(tokens, 0, 1));
        }
      }
    }

    private int poisson(double mean) {
      double limit = Math.exp(-mean);
      @Var int count = 0;
      for (@Var double product = random.nextDouble(); product > limit; count++) {
        product *= random.nextDouble();
      }
      return count;
    }

    Set<String> familyReplicas() {
      Set<String> ids = new HashSet<>();
      done.stream().filter(Work::ofFamily).forEach(work -> ids.add(work.replica));
      return ids;
    }

    /** The family's largest share of a replica's work in any ten seconds after the first ten. */
    double largestShare() {
      @Var double largest = 0;
      double end = done.getLast().startSeconds;
      for (String id : familyReplicas()) {
        for (@Var double from = 10; from + 10 <= end; from++) {
          double begin = from;
          double own = sum(id, begin, true);
          largest = Math.max(largest, own / (own + sum(id, begin, false)));
        }
      }
      return largest;
    }

    private double sum(String id, double begin, boolean ofFamily) {
      return done.stream()
          .filter(work -> work.replica.equals(id) && work.ofFamily == ofFamily)
          .filter(work -> work.startSeconds >= begin && work.startSeconds < begin + 10)
          .mapToDouble(Work::seconds)
          .sum();
    }
  }
}
