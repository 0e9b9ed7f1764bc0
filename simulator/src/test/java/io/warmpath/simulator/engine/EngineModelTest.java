package io.warmpath.simulator.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Cases small enough to be worked out by hand. Times are in milliseconds. */
final class EngineModelTest {

  private static final long MILLI = 1_000_000;

  /** 10 ms a step, 1 ms a prefill token, 2 ms a decoding sequence, 1 µs a token of its context. */
  private static final EngineProfile PROFILE =
      new EngineProfile(
          "hand", new StepTime(0.010, 0.001, 0.002, 1e-6), 0.005, 8, 4, 32, 16, 4, false);

  private final List<String> log = new ArrayList<>();

  @Test
  void onePrompt_prefillsThenDecodes() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);
    EngineRequest request = request("a", 1, 6, 3, 0);

    engine.submit(request, 0);
    run(engine, 1_000);

    // Ready at 5. Prefill of 6: 10 + 6 = 16. Decode with contexts of 7 and 8: 12.007 and 12.008.
    assertThat(log)
        .containsExactly("a scheduled 5.0", "a 1 21.0", "a 2 33.007", "a 3 45.015", "a end 45.015");
    assertThat(request.state()).isEqualTo(EngineRequest.State.FINISHED);
    assertThat(engine.isIdle()).isTrue();
    assertThat(engine.usedBlocks()).isZero();
    // Six of the prompt and two of the output are computed: two full blocks of four.
    assertThat(engine.cachedBlocks()).isEqualTo(2);
  }

  @Test
  void longPrompt_isChunkedByTheBudgetAndOthersWait() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);

    engine.submit(request("a", 1, 20, 1, 0), 0);
    engine.submit(request("b", 2, 4, 1, 0), 0);
    run(engine, 1_000);

    // 16 tokens: 26 ms. Then 4 of a and 4 of b: 18 ms.
    assertThat(log)
        .containsExactly(
            "a scheduled 5.0",
            "b scheduled 31.0",
            "a 1 49.0",
            "a end 49.0",
            "b 1 49.0",
            "b end 49.0");
  }

  @Test
  void decodingSequence_comesBeforeAPromptsNextChunk() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);

    engine.submit(request("a", 1, 4, 3, 0), 0);
    engine.submit(request("b", 2, 16, 1, 0), 10 * MILLI);
    run(engine, 1_000);

    // a's prefill ends at 19. Then 1 of a and 15 of b: 10 + 15 + 2.005. Then 1 and 1.
    assertThat(log)
        .containsExactly(
            "a scheduled 5.0",
            "a 1 19.0",
            "b scheduled 19.0",
            "a 2 46.005",
            "a 3 59.011",
            "a end 59.011",
            "b 1 59.011",
            "b end 59.011");
  }

  @Test
  void samePromptAgain_computesOnlyTheRest() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);
    engine.submit(request("a", 1, 10, 1, 0), 0);
    run(engine, 1_000);
    EngineRequest again = request("b", 1, 10, 1, 0);

    engine.submit(again, 1_000 * MILLI);
    run(engine, 2_000);

    assertThat(again.cachedTokens()).isEqualTo(8);
    assertThat(log.getLast()).isEqualTo("b end 1017.0");
    assertThat(engine.queriedTokens()).isEqualTo(20);
    assertThat(engine.hitTokens()).isEqualTo(8);
  }

  @Test
  void promptOfWholeBlocks_computesItsLastBlockAgain() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);
    engine.submit(request("a", 1, 8, 1, 0), 0);
    run(engine, 1_000);
    EngineRequest again = request("b", 1, 8, 1, 0);

    engine.submit(again, 1_000 * MILLI);
    run(engine, 2_000);

    assertThat(again.cachedTokens()).isEqualTo(4);
    assertThat(engine.cachedBlocks()).isEqualTo(2);
  }

  @Test
  void equalPromptsOfOneStep_share() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);
    EngineRequest second = request("b", 1, 9, 1, 0);

    engine.submit(request("a", 1, 9, 1, 0), 0);
    engine.submit(second, 0);
    run(engine, 1_000);

    assertThat(second.cachedTokens()).isEqualTo(8);
    assertThat(second.scheduledNanos()).isEqualTo(5 * MILLI);
  }

  @Test
  void finishedChain_isEvictedFromItsTail() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);
    engine.submit(request("a", 1, 16, 1, 0), 0);
    run(engine, 1_000);

    engine.submit(request("b", 2, 24, 1, 0), 1_000 * MILLI);
    run(engine, 2_000);

    // b needs 6 blocks of 8: the 4 that never held anything, then a's last two.
    assertThat(engine.evictions()).isEqualTo(2);
    assertThat(engine.cachedTokens(keys(1), 17)).isEqualTo(8);
    // Ready at 5, one step of 10 + 16: the end of a is the last use of its blocks.
    assertThat(engine.evictionMarkNanos()).isEqualTo(31 * MILLI);
  }

  @Test
  void fullCache_preemptsTheNewestWhichIsRecomputed() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);
    EngineRequest first = request("a", 1, 15, 10, 0);
    EngineRequest second = request("b", 2, 16, 3, 0);

    engine.submit(first, 0);
    engine.submit(second, 0);
    run(engine, 5_000);

    assertThat(second.preemptions()).isEqualTo(1);
    assertThat(first.preemptions()).isZero();
    assertThat(engine.preemptions()).isEqualTo(1);
    assertThat(log.indexOf("b preempted")).isLessThan(indexOfEnd("a"));
    assertThat(indexOfEnd("b")).isGreaterThan(indexOfEnd("a"));
    assertThat(second.decodedTokens()).isEqualTo(3);
  }

  @Test
  void priorityScheduling_takesTheSmallestFirst() {
    EngineProfile profile = PROFILE.withPriorityScheduling(true).withLimits(32, 16, 1);
    EngineModel engine = new EngineModel(profile, EngineListener.NONE);

    engine.submit(request("a", 1, 4, 1, 5), 0);
    engine.submit(request("b", 2, 4, 1, 7), 0);
    engine.submit(request("c", 3, 4, 1, -1), 0);
    engine.submit(request("d", 4, 4, 1, 5), 0);
    run(engine, 1_000);

    assertThat(log.stream().filter(line -> line.contains("scheduled")).map(l -> l.charAt(0)))
        .containsExactly('c', 'a', 'd', 'b');
  }

  @Test
  void priorityScheduling_preemptsTheLeastUrgentAndGoesOn() {
    EngineProfile profile = PROFILE.withPriorityScheduling(true);
    EngineModel engine = new EngineModel(profile, EngineListener.NONE);
    EngineRequest patient = request("a", 1, 15, 12, 9);
    EngineRequest urgent = request("b", 2, 15, 12, 1);

    engine.submit(patient, 0);
    engine.submit(urgent, 0);
    run(engine, 5_000);

    assertThat(urgent.preemptions()).isZero();
    assertThat(patient.preemptions()).isPositive();
    assertThat(patient.state()).isEqualTo(EngineRequest.State.FINISHED);
    assertThat(urgent.state()).isEqualTo(EngineRequest.State.FINISHED);
  }

  @Test
  void abortedRequest_freesItsPlaceAndBlocksAtOnce() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);
    EngineRequest request = request("a", 1, 8, 20, 0);
    engine.submit(request, 0);
    run(engine, 30);
    assertThat(engine.runningCount()).isEqualTo(1);

    assertThat(engine.abort(request)).isTrue();

    assertThat(engine.runningCount()).isZero();
    assertThat(engine.usedBlocks()).isZero();
    assertThat(engine.abort(request)).isFalse();
    run(engine, 1_000);
    assertThat(log).noneMatch(line -> line.startsWith("a end"));
    assertThat(engine.isIdle()).isTrue();
  }

  @Test
  void clearedCache_holdsNothing() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);
    EngineRequest request = request("a", 1, 8, 4, 0);
    engine.submit(request, 0);
    run(engine, 6);
    assertThat(engine.clearCache()).isFalse();
    run(engine, 1_000);

    assertThat(engine.clearCache()).isTrue();

    assertThat(engine.cachedTokens(keys(1), 9)).isZero();
    assertThat(engine.cachedBlocks()).isZero();
  }

  @Test
  void slowedEngine_takesLonger() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);
    engine.slowDown(3);

    engine.submit(request("a", 1, 6, 1, 0), 0);
    run(engine, 1_000);

    assertThat(log.getLast()).isEqualTo("a end 53.0");
  }

  @Test
  void clockNearItsLargestValue_wraps() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);
    long origin = Long.MAX_VALUE - 10 * MILLI;
    EngineRequest request = request("a", 1, 6, 3, 0);

    engine.submit(request, origin);
    engine.advance(origin + 1_000 * MILLI);

    assertThat(request.state()).isEqualTo(EngineRequest.State.FINISHED);
  }

  @Test
  void tooLongRequest_isRefused() {
    EngineModel engine = new EngineModel(PROFILE, EngineListener.NONE);

    assertThatThrownBy(() -> engine.submit(request("a", 1, 32, 1, 0), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("33 tokens; at most 32");
  }

  @Test
  void unknownProfile_isNamedWithTheKnownOnes() {
    assertThatThrownBy(() -> EngineProfile.named("9b"))
        .hasMessage("engine profile \"9b\" is unknown; known are [70b-tp4, 8b-h100]");
    assertThat(EngineProfile.named("8b-h100").atSpeed(2).stepTime().seconds(100, 0, 0))
        .isEqualTo(0.00425);
  }

  private EngineRequest request(
      String name, long content, int promptTokens, int outputTokens, int priority) {
    return new EngineRequest(
        keys(content), promptTokens, outputTokens, priority, new Recorder(name));
  }

  /** A sequence that shares nothing with those of other numbers. */
  private static BlockKeys keys(long content) {
    return block -> content * 1_000 + block + 1;
  }

  private static void run(EngineModel engine, long untilMillis) {
    engine.advance(untilMillis * MILLI);
    engine.checkInvariants();
  }

  private int indexOfEnd(String name) {
    String end =
        log.stream().filter(line -> line.startsWith(name + " end")).findAny().orElseThrow();
    return log.indexOf(end);
  }

  /** Writes what happens to the log. */
  private final class Recorder implements RequestListener {

    private final String name;

    Recorder(String name) {
      this.name = name;
    }

    @Override
    public void scheduled(EngineRequest request, long atNanos) {
      log.add(name + " scheduled " + (double) atNanos / MILLI);
    }

    @Override
    public void decoded(EngineRequest request, long atNanos) {
      log.add(name + " " + request.decodedTokens() + " " + (double) atNanos / MILLI);
    }

    @Override
    public void preempted(EngineRequest request, long atNanos) {
      log.add(name + " preempted");
    }

    @Override
    public void finished(EngineRequest request, long atNanos) {
      log.add(name + " end " + (double) atNanos / MILLI);
    }
  }
}
