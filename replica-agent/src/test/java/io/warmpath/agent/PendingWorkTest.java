package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.Var;
import io.warmpath.agent.PrefillTimes.Observation;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.replica.QueuedRequest;
import io.warmpath.routing.replica.ReplicaQueue;
import io.warmpath.simulator.engine.BlockKeys;
import io.warmpath.simulator.engine.EngineListener;
import io.warmpath.simulator.engine.EngineModel;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.engine.EngineRequest;
import io.warmpath.simulator.engine.RequestListener;
import io.warmpath.testkit.SeededCases;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What the agent says of its pending work against what the engine then takes: the agent's queue and
 * its learned speed over the engine model, in the model's time.
 */
final class PendingWorkTest {

  private static final PrefillSpeed INITIAL = new PrefillSpeed(20_000, 0.01);
  private static final double NANOS_PER_SECOND = 1e9;

  @Test
  void pendingWork_afterThousandRequestsOfABusyEngine_isWithin15Percent() {
    SeededCases.run(10, random -> checkCase("8b-h100", 1, 0.15, random));
    SeededCases.run(10, random -> checkCase("70b-tp4", 1, 0.15, random));
  }

  /**
   * An engine that never had a queue computes several short prompts in one step for the first time.
   */
  @Test
  void pendingWork_firstBurstOnALightlyLoadedEngine_isWithin30Percent() {
    SeededCases.run(10, random -> checkCase("8b-h100", 0.6, 0.3, random));
    SeededCases.run(10, random -> checkCase("70b-tp4", 0.6, 0.3, random));
  }

  private static void checkCase(
      String profile, double load, double tolerance, SplittableRandom random) {
    Replay replay = new Replay(EngineProfile.named(profile), load, random);
    for (int i = 0; i < 1_000; i++) {
      replay.arrive();
      replay.runFor(-Math.log(1 - random.nextDouble()) * replay.meanGapSeconds());
    }
    replay.runUntilComputed();
    for (int i = 0; i < 60; i++) {
      replay.arrive();
    }
    double saidSeconds = replay.pendingWorkSeconds();
    double tookSeconds = replay.runUntilComputed();
    assertThat(saidSeconds).isCloseTo(tookSeconds, within(tolerance * tookSeconds));
  }

  /** Conversations that grow turn by turn, through the agent's queue into the engine model. */
  private static final class Replay implements RequestListener {
    private static final int SESSIONS = 40;
    private static final int MAX_TOKENS = 12_000;
    private static final int MEAN_NEW_TOKENS = 850;

    private final EngineModel engine;
    private final ReplicaQueue queue;
    private final PrefillTimes times = new PrefillTimes(new PrefillSpeedEstimator(INITIAL), 0);
    private final SplittableRandom random;
    private final double meanGapSeconds;
    private final int[] lengths = new int[SESSIONS];
    private final long[] roots = new long[SESSIONS];
    private final Map<QueuedRequest, EngineRequest> waiting = new HashMap<>();
    private final Map<EngineRequest, QueuedRequest> atEngine = new HashMap<>();
    private final Map<EngineRequest, Long> dispatchedNanos = new HashMap<>();
    private final Map<EngineRequest, Observation> observations = new HashMap<>();
    private long nowNanos;
    private int turns;
    private long conversations;

    Replay(EngineProfile profile, double load, SplittableRandom random) {
      this.engine = new EngineModel(profile, EngineListener.NONE);
      this.queue = new ReplicaQueue(ReplicaQueue.Settings.DEFAULT, INITIAL);
      this.random = random;
      this.meanGapSeconds = profile.stepTime().seconds(MEAN_NEW_TOKENS, 1, 8_000) / load;
    }

    double meanGapSeconds() {
      return meanGapSeconds;
    }

    double pendingWorkSeconds() {
      return queue.pendingWorkSeconds(nowNanos);
    }

    /** The next turn of the next conversation arrives; the router knows the turn before. */
    void arrive() {
      int session = turns++ % SESSIONS;
      int more = (int) Math.exp(random.nextDouble(Math.log(100), Math.log(3_000)));
      if (lengths[session] + more > MAX_TOKENS || lengths[session] == 0) {
        lengths[session] = 0;
        roots[session] = ++conversations;
      }
      int blockTokens = engine.profile().blockSizeTokens();
      int cached = lengths[session] / blockTokens * blockTokens;
      lengths[session] += more;
      BlockKeys keys = keys(roots[session]);
      QueuedRequest queued = new QueuedRequest(lengths[session], cached, 0, nowNanos);
      waiting.put(queued, new EngineRequest(keys, lengths[session], 8, 0, this));
      queue.offer(queued, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, nowNanos);
      pump();
    }

    /** Time passes. */
    void runFor(double seconds) {
      long untilNanos = nowNanos + (long) (seconds * NANOS_PER_SECOND);
      while (!engine.isIdle() && engine.nextEventNanos() <= untilNanos) {
        advanceTo(engine.nextEventNanos());
      }
      advanceTo(untilNanos);
    }

    /** Time passes until every prompt is computed; returns how many seconds. */
    double runUntilComputed() {
      @Var long lastNanos = nowNanos;
      long startNanos = nowNanos;
      while (!atEngine.isEmpty() || !waiting.isEmpty()) {
        advanceTo(engine.nextEventNanos());
        lastNanos = nowNanos;
      }
      return (lastNanos - startNanos) / NANOS_PER_SECOND;
    }

    private void advanceTo(long nanos) {
      nowNanos = nanos;
      engine.advance(nanos);
      pump();
    }

    private void pump() {
      for (QueuedRequest next = queue.next(nowNanos); next != null; next = queue.next(nowNanos)) {
        EngineRequest request = known(waiting.remove(next));
        atEngine.put(request, next);
        dispatchedNanos.put(request, nowNanos);
        engine.submit(request, nowNanos);
      }
    }

    @Override
    public void decoded(EngineRequest request, long atNanos) {
      QueuedRequest queued = atEngine.remove(request);
      if (queued != null) {
        queue.prefilled(queued, atNanos);
        observations.put(request, times.computed(known(dispatchedNanos.remove(request)), atNanos));
      }
    }

    @Override
    public void finished(EngineRequest request, long atNanos) {
      times.known(
          known(observations.remove(request)), request.promptTokens() - request.cachedTokens());
      queue.setSpeed(times.speed());
    }

    private static <T> T known(@Nullable T value) {
      assertThat(value).isNotNull();
      return Objects.requireNonNull(value);
    }

    private static BlockKeys keys(long root) {
      return block -> root * 1_000_003 + block;
    }
  }
}
