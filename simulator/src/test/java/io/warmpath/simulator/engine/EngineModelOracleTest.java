package io.warmpath.simulator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Random histories against slow, plain models of what must hold. */
final class EngineModelOracleTest {

  private static final int BLOCK_SIZE = 4;
  private static final int BUDGET = 16;
  private static final long SECOND = 1_000_000_000;

  @Test
  void requestsOneAfterTheOther_hitWhatAPlainLruHolds() {
    SeededCases.run(
        120,
        random -> {
          int blocks = random.nextInt(8, 40);
          EngineModel engine = engine(blocks, 1, false);
          PlainLru oracle = new PlainLru(blocks);
          @Var long now = 0;
          for (int i = 0; i < 120; i++) {
            int[] content = content(random, blocks);
            int prompt = random.nextInt(1, content.length);
            EngineRequest request = request(content, prompt, 0);

            engine.submit(request, now);
            now += 1_000 * SECOND;
            engine.advance(now);

            assertThat(request.cachedTokens())
                .isEqualTo(oracle.serve(keys(content), prompt, content.length));
            engine.checkInvariants();
            assertThat(engine.cachedBlocks()).isEqualTo(oracle.cachedCount());
            assertThat(engine.evictions()).isEqualTo(oracle.evictions);
          }
        });
  }

  @Test
  void anyHistory_losesNoBlockAndNoRequest() {
    SeededCases.run(
        100,
        random -> {
          int blocks = random.nextInt(8, 40);
          EngineModel engine = engine(blocks, random.nextInt(1, 9), random.nextInt(2) == 0);
          List<EngineRequest> requests = new ArrayList<>();
          @Var long now = 0;
          for (int i = 0; i < 150; i++) {
            now += random.nextLong(40_000_000);
            engine.advance(now);
            if (random.nextInt(5) == 0 && !requests.isEmpty()) {
              engine.abort(requests.get(random.nextInt(requests.size())));
            } else {
              int[] content = content(random, blocks);
              EngineRequest request =
                  request(content, random.nextInt(1, content.length), random.nextInt(3));
              requests.add(request);
              engine.submit(request, now);
            }
            engine.checkInvariants();
          }
          engine.advance(now + 100_000 * SECOND);

          assertThat(engine.isIdle()).isTrue();
          assertThat(engine.usedBlocks()).isZero();
          assertThat(engine.runningCount() + engine.waitingCount()).isZero();
          for (EngineRequest request : requests) {
            assertThat(request.state())
                .isIn(EngineRequest.State.FINISHED, EngineRequest.State.ABORTED);
            if (request.state() == EngineRequest.State.FINISHED) {
              assertThat(request.decodedTokens()).isEqualTo(request.outputTokens());
              assertThat(request.cachedTokens()).isLessThan(request.promptTokens());
            }
          }
        });
  }

  @Test
  void advancingInManySmallSteps_isAdvancingOnce() {
    SeededCases.run(
        100,
        random -> {
          long seed = random.nextLong();
          assertThat(timesWith(seed, 1_000_000)).isEqualTo(timesWith(seed, 70_000_000));
        });
  }

  /** Times of all tokens of a fixed history, with the clock read at least each {@code tick}. */
  private static List<Long> timesWith(long seed, long tickNanos) {
    SplittableRandom random = new SplittableRandom(seed);
    EngineModel engine = engine(24, 4, false);
    List<Long> times = new ArrayList<>();
    RequestListener listener =
        new RequestListener() {
          @Override
          public void decoded(EngineRequest request, long atNanos) {
            times.add(atNanos);
          }
        };
    @Var long now = 0;
    for (int i = 0; i < 30; i++) {
      long next = now + random.nextLong(60_000_000);
      while (next - now > tickNanos) {
        now += tickNanos;
        engine.advance(now);
      }
      now = next;
      engine.advance(now);
      int[] content = content(random, 24);
      int prompt = random.nextInt(1, content.length);
      engine.submit(
          new EngineRequest(keys(content), prompt, content.length - prompt, 0, listener), now);
    }
    engine.advance(now + 1_000 * SECOND);
    return times;
  }

  private static EngineModel engine(int blocks, int maxSequences, boolean priorities) {
    EngineProfile profile =
        new EngineProfile(
            "small",
            new StepTime(0.010, 0.001, 0.002, 1e-6),
            0.005,
            blocks,
            BLOCK_SIZE,
            blocks * BLOCK_SIZE,
            BUDGET,
            maxSequences,
            priorities);
    return new EngineModel(profile, EngineListener.NONE);
  }

  /** Tokens of a sequence that often shares its beginning with others and fits the cache. */
  private static int[] content(SplittableRandom random, int blocks) {
    int[] tokens = new int[random.nextInt(2, blocks * BLOCK_SIZE)];
    int family = random.nextInt(4);
    int shared = random.nextInt(tokens.length);
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = i < shared ? family : random.nextInt(1_000_000);
    }
    return tokens;
  }

  private static EngineRequest request(int[] content, int prompt, int priority) {
    return new EngineRequest(
        keys(content), prompt, content.length - prompt, priority, RequestListener.NONE);
  }

  private static BlockKeys keys(int[] content) {
    return new TokenBlockKeys(content, new int[0], BLOCK_SIZE, 1);
  }

  /** A cache of named and unnamed free blocks in a map ordered by when they were freed. */
  private static final class PlainLru {

    private final Map<Long, Boolean> free = new LinkedHashMap<>();
    private long unnamed;
    private long evictions;

    PlainLru(int blocks) {
      for (int i = 0; i < blocks; i++) {
        addUnnamed();
      }
    }

    /** Serves a request from start to end, alone; returns its cached tokens. */
    int serve(BlockKeys keys, int prompt, int total) {
      @Var int hits = 0;
      while (hits < (prompt - 1) / BLOCK_SIZE && free.containsKey(keys.key(hits))) {
        hits++;
      }
      for (int i = 0; i < hits; i++) {
        free.remove(keys.key(i));
      }
      List<Long> held = new ArrayList<>();
      for (int i = 0; i < hits; i++) {
        held.add(keys.key(i));
      }
      @Var int named = hits;
      @Var int computed = hits * BLOCK_SIZE;
      // The last token that is decoded is never computed.
      while (computed < total - 1) {
        computed += computed < prompt ? Math.min(BUDGET, prompt - computed) : 1;
        while (held.size() * BLOCK_SIZE < computed) {
          takeOldest();
          held.add(0L);
        }
        for (; (named + 1) * BLOCK_SIZE <= computed; named++) {
          // Content that another block holds stays there.
          if (!free.containsKey(keys.key(named))) {
            held.set(named, keys.key(named));
          }
        }
      }
      for (int i = held.size() - 1; i >= 0; i--) {
        if (held.get(i) == 0) {
          addUnnamed();
        } else {
          free.put(held.get(i), true);
        }
      }
      return hits * BLOCK_SIZE;
    }

    long cachedCount() {
      return free.values().stream().filter(named -> named).count();
    }

    private void takeOldest() {
      Map.Entry<Long, Boolean> oldest = free.entrySet().iterator().next();
      free.remove(oldest.getKey());
      if (oldest.getValue()) {
        evictions++;
      }
    }

    private void addUnnamed() {
      free.put(--unnamed, false);
    }
  }
}
