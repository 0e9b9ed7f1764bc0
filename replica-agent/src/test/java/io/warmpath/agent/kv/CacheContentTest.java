package io.warmpath.agent.kv;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.hashing.PrefixHasher;
import io.warmpath.routing.PromptPrefix;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class CacheContentTest {

  private static final int STEP = 128;
  private static final int BLOCK = 16;

  private final CacheContent content = new CacheContent(STEP, 1_000);

  @BeforeEach
  void setModel() {
    content.setModel("m");
  }

  @Test
  void stored_blocks_becomeTheRoutersSteps() {
    int[] prompt = tokens(1, 400);
    store(prompt, 0, 10, 100, "", "");
    store(prompt, 10, 25, 100, "", "");
    assertThat(content.cachedSteps(prefix(prompt, "", ""))).isEqualTo(3);
    assertThat(content.cachedSteps(prefix(tokens(2, 400), "", ""))).isZero();
    assertThat(content.cachedTokens()).isEqualTo(400);
  }

  @Test
  void stored_adapterAndSalt_areOtherChains() {
    int[] prompt = tokens(1, 256);
    store(prompt, 0, 16, 100, "lora", "salt");
    assertThat(content.cachedSteps(prefix(prompt, "lora", "salt"))).isEqualTo(2);
    assertThat(content.cachedSteps(prefix(prompt, "", ""))).isZero();
  }

  @Test
  void removed_stepEnd_movesTheMarkToItsLastTouch() {
    int[] first = tokens(1, 256);
    int[] second = tokens(2, 256);
    store(first, 0, 16, 100, "", "");
    store(second, 0, 16, 200, "", "");
    content.touch(prefix(first, "", ""), 300);
    assertThat(content.hasEvicted()).isFalse();
    // A block within a step says nothing; the one at its end does.
    remove(second, 14, "GPU");
    assertThat(content.hasEvicted()).isFalse();
    remove(second, 15, "GPU");
    assertThat(content.evictionMarkNanos()).isEqualTo(200);
    remove(first, 15, "GPU");
    assertThat(content.evictionMarkNanos()).isEqualTo(300);
    remove(second, 7, "GPU");
    assertThat(content.evictionMarkNanos()).isEqualTo(300);
    assertThat(content.cachedSteps(prefix(first, "", ""))).isEqualTo(1);
  }

  @Test
  void removed_fromOneMediumOnly_isStillCached() {
    int[] prompt = tokens(1, 128);
    store(prompt, 0, 8, 100, "", "");
    content.apply(stored(prompt, 0, 8, "CPU", "", ""), 110);
    remove(prompt, 7, "GPU");
    assertThat(content.hasEvicted()).isFalse();
    remove(prompt, 7, "CPU");
    assertThat(content.hasEvicted()).isTrue();
  }

  @Test
  void stored_unknownParentOrOtherGroup_isLeftOut() {
    int[] prompt = tokens(1, 256);
    store(prompt, 8, 16, 100, "", "");
    assertThat(content.unknownParents()).isEqualTo(1);
    content.apply(
        new KvEvent.Stored(
            new long[] {1}, false, 0, new int[BLOCK], BLOCK, "GPU", "", "", 1, "sliding_window"),
        100);
    assertThat(content.cachedTokens()).isZero();
  }

  @Test
  void stored_tooManyBlocks_areCountedAndNotKept() {
    for (int i = 0; i < 101; i++) {
      store(tokens(i, 160), 0, 10, 100, "", "");
    }
    assertThat(content.cachedTokens()).isEqualTo(16_000);
    assertThat(content.overflows()).isEqualTo(10);
  }

  @Test
  void cleared_knowsNothing() {
    int[] prompt = tokens(1, 256);
    store(prompt, 0, 16, 100, "", "");
    remove(prompt, 15, "GPU");
    content.apply(new KvEvent.Cleared(), 200);
    assertThat(content.hasEvicted()).isFalse();
    assertThat(content.cachedTokens()).isZero();
    assertThat(content.cachedSteps(prefix(prompt, "", ""))).isZero();
  }

  private void store(int[] prompt, int from, int to, long nowNanos, String lora, String salt) {
    content.apply(stored(prompt, from, to, "GPU", lora, salt), nowNanos);
  }

  private void remove(int[] prompt, int block, String medium) {
    content.apply(new KvEvent.Removed(new long[] {hash(prompt, block)}, medium, 0), 0);
  }

  private static KvEvent.Stored stored(
      int[] prompt, int from, int to, String medium, String lora, String salt) {
    long[] hashes = IntStream.range(from, to).mapToLong(block -> hash(prompt, block)).toArray();
    int[] tokens = Arrays.copyOfRange(prompt, from * BLOCK, to * BLOCK);
    return new KvEvent.Stored(
        hashes,
        from > 0,
        from > 0 ? hash(prompt, from - 1) : 0,
        tokens,
        BLOCK,
        medium,
        lora,
        salt,
        0,
        "full_attention");
  }

  /** The engine's own hash, which has nothing to do with the routers'. */
  private static long hash(int[] prompt, int block) {
    return prompt[0] * 1_000L + block + 1;
  }

  private static int[] tokens(int salt, int count) {
    return IntStream.range(0, count).map(i -> salt + 7 * i).toArray();
  }

  private static PromptPrefix prefix(int[] prompt, String lora, String salt) {
    long[] steps =
        PrefixHasher.chainTokens(PrefixHasher.seed("m", lora, salt), prompt, prompt.length, STEP);
    return new PromptPrefix(steps, STEP, prompt.length, 0);
  }
}
