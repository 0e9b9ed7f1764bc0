package io.warmpath.hashing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.Var;
import io.warmpath.testkit.SeededCases;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PrefixHasherTest {

  private static final long SEED = PrefixHasher.seed("llama", "", "");

  @Test
  void seed_anyPartDiffers_differs() {
    assertThat(
            new long[] {
              PrefixHasher.seed("llama", "", ""),
              PrefixHasher.seed("llama2", "", ""),
              PrefixHasher.seed("", "llama", ""),
              PrefixHasher.seed("", "", "llama"),
              PrefixHasher.seed("llama", "a", "b"),
              PrefixHasher.seed("llama", "b", "a"),
              PrefixHasher.seed("llama", "ab", ""),
              PrefixHasher.seed("llama", "", "ab"),
              PrefixHasher.seed("llamaa", "b", ""),
            })
        .doesNotHaveDuplicates()
        .doesNotContain(0);
  }

  @Test
  void chainTokens_anyPrompt_equalsPlainConstruction() {
    SeededCases.run(
        500,
        random -> {
          int[] tokens = random.ints(random.nextInt(600)).toArray();
          int length = random.nextInt(tokens.length + 1);
          int step = 1 + random.nextInt(150);
          assertThat(PrefixHasher.chainTokens(SEED, tokens, length, step))
              .isEqualTo(plainChain(SEED, littleEndian(tokens, length), 4 * step));
        });
  }

  @Test
  void chainBytes_anySlice_equalsPlainConstruction() {
    SeededCases.run(
        500,
        random -> {
          byte[] bytes = randomBytes(random, random.nextInt(3000));
          int offset = random.nextInt(bytes.length + 1);
          int length = random.nextInt(bytes.length - offset + 1);
          int step = 1 + random.nextInt(700);
          byte[] slice = Arrays.copyOfRange(bytes, offset, offset + length);
          assertThat(PrefixHasher.chainBytes(SEED, bytes, offset, length, step))
              .isEqualTo(plainChain(SEED, slice, step));
        });
  }

  @Test
  void chainTokens_commonPrefix_sharesExactlyItsFullSteps() {
    SeededCases.run(
        500,
        random -> {
          int step = 1 + random.nextInt(32);
          int[] first = random.ints(step * 20L).toArray();
          int[] second = first.clone();
          int difference = random.nextInt(first.length);
          second[difference]++;
          long[] ofFirst = PrefixHasher.chainTokens(SEED, first, first.length, step);
          long[] ofSecond = PrefixHasher.chainTokens(SEED, second, second.length, step);
          for (int i = 0; i < ofFirst.length; i++) {
            boolean shared = (i + 1) * step <= difference;
            assertThat(ofFirst[i] == ofSecond[i]).as("step %d", i).isEqualTo(shared);
          }
        });
  }

  @Test
  void chainTokens_callersArrayIsShort_fillsIt() {
    int[] tokens = new SplittableRandom(1).ints(1000).toArray();
    long[] all = PrefixHasher.chainTokens(SEED, tokens, 1000, 128);
    long[] three = new long[3];
    assertThat(PrefixHasher.chainTokens(SEED, tokens, 1000, 128, three)).isEqualTo(3);
    assertThat(three).isEqualTo(Arrays.copyOf(all, 3));
    long[] twenty = new long[20];
    assertThat(PrefixHasher.chainTokens(SEED, tokens, 1000, 128, twenty)).isEqualTo(7);
    assertThat(twenty).isEqualTo(Arrays.copyOf(all, 20));
  }

  @Test
  void chainTokens_lengthOrStepOutOfRange_isRefused() {
    int[] tokens = new int[10];
    assertThatThrownBy(() -> PrefixHasher.chainTokens(SEED, tokens, 11, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> PrefixHasher.chainTokens(SEED, tokens, 10, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("step: 0, allowed: 1..65536");
    assertThatThrownBy(() -> PrefixHasher.chainBytes(SEED, new byte[4], 0, 4, 65537))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("step: 65537, allowed: 1..65536");
  }

  @Test
  void byteChain_cutAnywhere_equalsWhole() {
    SeededCases.run(
        500,
        random -> {
          byte[] bytes = randomBytes(random, random.nextInt(5000));
          int step = 1 + random.nextInt(600);
          int maxSteps = random.nextInt(40);
          ByteChain chain = new ByteChain(SEED + 1, step, maxSteps);
          feed(chain, randomBytes(random, random.nextInt(2000)), random);
          chain.reset(SEED);
          feed(chain, bytes, random);
          long[] whole = PrefixHasher.chainBytes(SEED, bytes, 0, bytes.length, step);
          long[] expected = Arrays.copyOf(whole, Math.min(whole.length, maxSteps));
          assertThat(chain.stepHashes()).isEqualTo(expected);
          assertThat(chain.stepCount()).isEqualTo(expected.length);
          assertThat(chain.byteCount()).isEqualTo(bytes.length);
          for (int i = 0; i < expected.length; i++) {
            assertThat(chain.stepHash(i)).isEqualTo(expected[i]);
          }
        });
  }

  @Test
  void byteChain_stepNotHashedYet_isRefused() {
    ByteChain chain = new ByteChain(SEED, 4, 8);
    chain.update(new byte[7], 0, 7);
    assertThat(chain.stepCount()).isEqualTo(1);
    assertThatThrownBy(() -> chain.stepHash(1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void hashes_manyKeys_areNeverZeroAndRarelyCollide() {
    // 200,000 values of 64 bits collide with probability 1.1e-9.
    long[] hashes = new long[200_000];
    for (int i = 0; i < hashes.length; i++) {
      hashes[i] = PrefixHasher.mix(i % 500, i / 500);
    }
    assertThat(Arrays.stream(hashes).distinct().count()).isEqualTo(hashes.length);
    assertThat(Arrays.stream(hashes).anyMatch(hash -> hash == 0)).isFalse();
  }

  @Test
  void golden_valuesThatProcessesExchange_areUnchanged() {
    // Processes of different versions exchange these: a change breaks a rolling upgrade.
    int[] tokens = new SplittableRandom(7).ints(4096, 0, 128_000).toArray();
    byte[] bytes = randomBytes(new SplittableRandom(8), 16_384);
    assertThat(PrefixHasher.seed("meta-llama/Llama-3.1-8B", "legal", "tenant-a"))
        .isEqualTo(-3731880760295916371L);
    assertThat(PrefixHasher.hashText("session")).isEqualTo(-7365279891967578609L);
    assertThat(PrefixHasher.mix(1, 2)).isEqualTo(6636204647191016414L);
    assertThat(PrefixHasher.chainTokens(SEED, tokens, 128, 128))
        .containsExactly(-7213597023408925102L);
    assertThat(checksum(PrefixHasher.chainTokens(SEED, tokens, 4096, 128)))
        .isEqualTo(-9044288662947768444L);
    assertThat(checksum(PrefixHasher.chainBytes(SEED, bytes, 0, 16_384, 512)))
        .isEqualTo(-3980913120031617169L);
  }

  private static long checksum(long[] hashes) {
    return Arrays.stream(hashes).reduce(0, (sum, hash) -> 31 * sum + hash);
  }

  private static void feed(ByteChain chain, byte[] bytes, SplittableRandom random) {
    @Var int from = 0;
    while (from < bytes.length) {
      if (random.nextInt(3) == 0) {
        chain.update(bytes[from]);
        from++;
      } else {
        int length = random.nextInt(Math.min(900, bytes.length - from) + 1);
        chain.update(bytes, from, length);
        from += length;
      }
    }
  }

  /** The construction as its definition reads, one fresh array a step. */
  private static long[] plainChain(long seed, byte[] bytes, int stepBytes) {
    long[] hashes = new long[bytes.length / stepBytes];
    @Var long parent = seed;
    for (int i = 0; i < hashes.length; i++) {
      ByteBuffer block =
          ByteBuffer.allocate(8 + stepBytes)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(parent)
              .put(bytes, i * stepBytes, stepBytes);
      parent = Hash.bytes(block.array(), 0, block.capacity());
      hashes[i] = parent;
    }
    return hashes;
  }

  private static byte[] littleEndian(int[] tokens, int length) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * length).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < length; i++) {
      buffer.putInt(tokens[i]);
    }
    return buffer.array();
  }

  private static byte[] randomBytes(SplittableRandom random, int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }
}
