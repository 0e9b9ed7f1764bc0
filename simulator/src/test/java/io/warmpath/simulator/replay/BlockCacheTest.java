package io.warmpath.simulator.replay;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.warmpath.testkit.SeededCases;
import java.util.LinkedHashMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class BlockCacheTest {

  @Test
  void randomPrompts_agreeWithAPlainLeastRecentlyUsedMap() {
    SeededCases.run(200, BlockCacheTest::compareWithOracle);
  }

  private static void compareWithOracle(SplittableRandom random) {
    int capacity = 1 + random.nextInt(40);
    BlockCache cache = new BlockCache(capacity);
    Oracle oracle = new Oracle(capacity);
    BlockNumbers numbers = new BlockNumbers();
    for (int step = 0; step < 300; step++) {
      int[] prompt = randomPrompt(random, numbers);
      assertThat(cache.match(prompt, prompt.length)).isEqualTo(oracle.match(prompt));
      if (random.nextInt(3) == 0) {
        cache.touchPresent(prompt, prompt.length, step);
        oracle.touchPresent(prompt, step);
      } else {
        cache.touch(prompt, prompt.length, step);
        oracle.touch(prompt, step);
      }
      assertThat(cache.match(prompt, prompt.length)).isEqualTo(oracle.match(prompt));
      assertThat(cache.size()).isEqualTo(oracle.touchByBlock.size());
      assertThat(cache.evictedAny()).isEqualTo(oracle.evictedAny);
      assertThat(cache.evictedTouchNanos()).isEqualTo(oracle.evictedTouch);
      if (random.nextInt(100) == 0) {
        cache.clear();
        oracle.touchByBlock.clear();
      }
    }
  }

  /** Few ids a level, so that prompts share beginnings. */
  private static int[] randomPrompt(SplittableRandom random, BlockNumbers numbers) {
    int[] prompt = new int[random.nextInt(12)];
    @Var int parent = BlockNumbers.ROOT;
    for (int i = 0; i < prompt.length; i++) {
      parent = numbers.number(parent, random.nextInt(3));
      prompt[i] = parent;
    }
    return prompt;
  }

  /** The same in plain code: a map in order of use. */
  private static final class Oracle {

    private final LinkedHashMap<Integer, Long> touchByBlock = new LinkedHashMap<>();
    private final int capacity;
    private @Var boolean evictedAny;
    private @Var long evictedTouch;

    Oracle(int capacity) {
      this.capacity = capacity;
    }

    int match(int[] prompt) {
      @Var int matched = 0;
      while (matched < prompt.length && touchByBlock.containsKey(prompt[matched])) {
        matched++;
      }
      return matched;
    }

    void touchPresent(int[] prompt, long now) {
      for (int i = Math.min(prompt.length, capacity) - 1; i >= 0; i--) {
        if (touchByBlock.remove(prompt[i]) != null) {
          touchByBlock.put(prompt[i], now);
        }
      }
    }

    void touch(int[] prompt, long now) {
      for (int i = Math.min(prompt.length, capacity) - 1; i >= 0; i--) {
        boolean known = touchByBlock.remove(prompt[i]) != null;
        if (!known && touchByBlock.size() == capacity) {
          evictedAny = true;
          evictedTouch = touchByBlock.pollFirstEntry().getValue();
        }
        touchByBlock.put(prompt[i], now);
      }
    }
  }

  @Test
  void fullCache_losesTheTailOfTheOldestPromptFirst() {
    BlockCache cache = new BlockCache(4);
    cache.touch(new int[] {1, 2, 3}, 3, 0);
    cache.touch(new int[] {4, 5}, 2, 1);
    assertThat(cache.match(new int[] {1, 2, 3}, 3)).isEqualTo(2);
    assertThat(cache.match(new int[] {4, 5}, 2)).isEqualTo(2);
  }

  @Test
  void promptLongerThanTheCache_keepsItsHead() {
    BlockCache cache = new BlockCache(2);
    cache.touch(new int[] {1, 2, 3, 4}, 4, 0);
    assertThat(cache.match(new int[] {1, 2, 3, 4}, 4)).isEqualTo(2);
  }
}
