package io.warmpath.simulator.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.replica.ReplicaQueue;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.replay.ReplayOptions.FleetEvent;
import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceGenerator;
import io.warmpath.simulator.trace.TraceProfile;
import io.warmpath.simulator.trace.TraceReader;
import io.warmpath.simulator.trace.TraceRequest;
import io.warmpath.testkit.SeededCases;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ReplayTest {

  private static final PrefillSpeed SPEED = new PrefillSpeed(20_000, 0.005);

  private static ReplayOptions options(int replicas, int routers, FleetEvent... events) {
    return new ReplayOptions(
        ReplayOptions.Cluster.linear(replicas, 100_000, SPEED, 0.015),
        routers,
        new ReplayOptions.Reports(0.25, 1, 6),
        1,
        false,
        0,
        List.of(events));
  }

  private static ReplayOptions closedLoop(ReplayOptions open) {
    return new ReplayOptions(
        open.cluster(),
        open.routers(),
        open.reports(),
        open.speed(),
        true,
        open.warmup(),
        open.events());
  }

  private static ReplayPolicy policy(String name) {
    return ReplayPolicies.of(name, PlacementConfig.DEFAULT, ReplicaQueue.Order.VIRTUAL_DEADLINE);
  }

  private static ReplayResult run(Trace trace, ReplayOptions options, String policy, long seed) {
    return Replay.run(Workload.of(trace), options, policy(policy), seed, () -> {});
  }

  @Test
  void spacedRequests_takeTheirOwnPrefill() {
    List<TraceRequest> requests =
        List.of(
            TestTraces.request(0, 1024, 1, 1, 2),
            TestTraces.request(10_000, 2048, 1, 3, 4, 5, 6),
            TestTraces.request(20_000, 4096, 1, 7, 8, 9, 10, 11, 12, 13, 14));
    ReplayResult result = run(new Trace("t", 512, 0, requests), options(2, 1), "round-robin", 1);
    double meanSeconds = (SPEED.seconds(1024) + SPEED.seconds(2048) + SPEED.seconds(4096)) / 3;
    assertThat(result.ttftMeanSeconds()).isCloseTo(meanSeconds, within(1e-6));
    assertThat(result.tokenHitRate()).isZero();
    assertThat(result.target().requestShare()).isEqualTo(1);
  }

  @Test
  void hotFamilyOnAnIdleFleet_isNotLeftToTheFewThatHadItFirst() {
    Trace trace = TraceGenerator.generate(TraceProfile.WHALE, 4000, 10, 1);
    ReplayResult result = run(trace, options(16, 2), "warmpath", 1);
    assertThat(result.hottest().requestShare()).isGreaterThan(0.3);
    assertThat(result.balance().requestsMaxOverMean()).isLessThan(2.5);
    assertThat(result.hottest().p95Seconds()).isLessThan(1.3 * result.hottest().othersP95Seconds());
  }

  @Test
  void repeatedPromptOnOneReplica_isReusedUpToItsLastToken() {
    List<TraceRequest> requests =
        List.of(TestTraces.request(0, 1024, 1, 1, 2), TestTraces.request(10_000, 1024, 1, 1, 2));
    ReplayResult result = run(new Trace("t", 512, 0, requests), options(1, 1), "round-robin", 1);
    assertThat(result.tokenHitRate()).isEqualTo(1023 / 2048.0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"round-robin", "bounded-load", "warmpath", "pooled-cache"})
  void randomTraces_endEachRequestOnceAndRepeatBySeed(String policy) {
    SeededCases.run(
        12,
        random -> {
          Trace trace = TestTraces.random(random, 150, 20);
          ReplayOptions options = randomOptions(random);
          ReplayResult first = run(trace, options, policy, 3);
          ReplayResult again = run(trace, options, policy, 3);
          assertThat(first.outcomes().requests()).isEqualTo(150);
          assertThat(again.outcomes()).isEqualTo(first.outcomes());
          assertThat(again.tokenHitRate()).isEqualTo(first.tokenHitRate());
          assertThat(again.ttftMeanSeconds()).isEqualTo(first.ttftMeanSeconds());
          assertThat(again.balance()).isEqualTo(first.balance());
          assertThat(again.decisions()).isEqualTo(first.decisions());
        });
  }

  private static ReplayOptions randomOptions(SplittableRandom random) {
    ReplayOptions open =
        options(
            3 + random.nextInt(3),
            1 + random.nextInt(4),
            new FleetEvent(FleetEvent.Kind.KILL, 1 + random.nextInt(2), 0.3, true),
            new FleetEvent(FleetEvent.Kind.JOIN, 1, 0.6, true));
    return random.nextBoolean() ? open : closedLoop(open);
  }

  @Test
  void fullEngineModel_endsEachRequestOnce() {
    Trace trace = TraceGenerator.generate(TraceProfile.CHAT, 400, 20, 1);
    ReplayOptions linear = options(3, 2);
    ReplayOptions full =
        new ReplayOptions(
            ReplayOptions.Cluster.of(3, 200_000, EngineProfile.named("8b-h100")),
            linear.routers(),
            linear.reports(),
            1,
            false,
            0,
            List.of(new FleetEvent(FleetEvent.Kind.KILL, 1, 0.5, true)));
    ReplayResult first = run(trace, full, "warmpath", 1);
    assertThat(first.outcomes().requests()).isEqualTo(400);
    assertThat(first.outcomes().errors()).isZero();
    assertThat(first.tokenHitRate()).isGreaterThan(0.3);
    assertThat(run(trace, full, "warmpath", 1).outcomes()).isEqualTo(first.outcomes());
  }

  @Test
  void otherSeed_givesAnotherRun() {
    Trace trace = TraceGenerator.generate(TraceProfile.CHAT, 500, 20, 1);
    assertThat(run(trace, options(4, 4), "warmpath", 1).ttftMeanSeconds())
        .isNotEqualTo(run(trace, options(4, 4), "warmpath", 2).ttftMeanSeconds());
  }

  @Test
  void killedReplica_losesNoRequestThatHadNotStarted() {
    Trace trace = TraceGenerator.generate(TraceProfile.CHAT, 1000, 20, 1);
    ReplayOptions options = options(4, 2, new FleetEvent(FleetEvent.Kind.KILL, 2, 0.5, true));
    ReplayResult result = run(trace, options, "warmpath", 1);
    assertThat(result.outcomes().errors()).isZero();
    assertThat(result.outcomes().cutStreams()).isPositive();
    assertThat(result.outcomes().requests()).isEqualTo(1000);
  }

  @Test
  void noReplicaLeft_failsTheRest() {
    Trace trace = TraceGenerator.generate(TraceProfile.CHAT, 200, 20, 1);
    ReplayOptions options = options(2, 2, new FleetEvent(FleetEvent.Kind.KILL, 2, 0.5, true));
    ReplayResult result = run(trace, options, "round-robin", 1);
    assertThat(result.outcomes().errors()).isPositive();
    assertThat(result.outcomes().requests()).isEqualTo(200);
  }

  @Test
  void joinedReplica_takesWork() {
    Trace trace = TraceGenerator.generate(TraceProfile.CHAT, 1000, 20, 1);
    ReplayOptions options = options(2, 2, new FleetEvent(FleetEvent.Kind.JOIN, 1, 0.5, true));
    ReplayResult result = run(trace, options, "round-robin", 1);
    assertThat(result.balance().busyShares()).hasSize(3);
    assertThat(result.balance().busyShares().getLast()).isPositive();
  }

  @Test
  void closedLoop_startsATurnAfterTheTurnBeforeEnded() {
    TraceRequest first = TestTraces.request(0, 20_000, 100, new long[40]);
    TraceRequest second =
        new TraceRequest(1, 20_000, 1, new long[40], new TraceRequest.Turn("s", 2, 0, 500));
    Trace trace = new Trace("t", 512, 0, List.of(first, second));
    double openMean = run(trace, options(1, 1), "round-robin", 1).ttftMeanSeconds();
    double closedMean = run(trace, closedLoop(options(1, 1)), "round-robin", 1).ttftMeanSeconds();
    assertThat(openMean).isGreaterThan(closedMean);
    assertThat(closedMean).isCloseTo((SPEED.seconds(20_000) + secondsOfTail()) / 2, within(1e-6));
  }

  /** All ids are alike, so only the partial last block of the second prompt is computed. */
  private static double secondsOfTail() {
    return SPEED.seconds(20_000 - 39 * 512);
  }

  @Test
  void pooledCache_reusesWhatOneLargeCacheWould() throws IOException {
    Trace trace = TraceReader.read(TestTraces.publicTrace("mooncake_conversation.jsonl"));
    assertThat(trace.tickMillis()).isEqualTo(3000);
    ReplayOptions base = options(16, 4);
    ReplayOptions study =
        new ReplayOptions(
            ReplayOptions.Cluster.linear(16, 400_000, SPEED, 0.015),
            4,
            base.reports(),
            7.5,
            false,
            0.1,
            List.of());
    assertThat(run(trace, study, "pooled-cache", 1).tokenHitRate()).isCloseTo(0.250, within(0.005));
    assertThat(run(trace, study, "round-robin", 1).tokenHitRate()).isCloseTo(0.057, within(0.003));
  }
}
