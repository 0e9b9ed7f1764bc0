package io.warmpath.bench.jmh;

import io.warmpath.hashing.ByteChain;
import io.warmpath.hashing.PrefixHasher;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to hash a prompt. Expected: linear in its length, and under 1.5 µs for the 1,024
 * tokens that make a family.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
@State(Scope.Thread)
public class PrefixHashBenchmark {

  private static final int STEP_TOKENS = 128;
  private static final int STEP_BYTES = 512;
  private static final int MAX_TOKENS = 131_072;
  private static final int PIECE_BYTES = 1000;

  /** Length of the prompt; text is taken at 4 bytes a token. */
  @Param({"1024", "16384", "131072"})
  public int promptTokens;

  private final int[] tokens = new SplittableRandom(1).ints(MAX_TOKENS, 0, 128_256).toArray();
  private final byte[] text = new byte[4 * MAX_TOKENS];
  private final long[] hashes = new long[MAX_TOKENS / STEP_TOKENS];
  private final long seed = PrefixHasher.seed("llama", "", "");
  private final ByteChain chain = new ByteChain(seed, STEP_BYTES, MAX_TOKENS / STEP_TOKENS);

  /** Makes the text random before anything is timed. */
  public PrefixHashBenchmark() {
    new SplittableRandom(2).nextBytes(text);
  }

  /** A prompt of token ids. */
  @Benchmark
  public long tokens() {
    int steps = PrefixHasher.chainTokens(seed, tokens, promptTokens, STEP_TOKENS, hashes);
    return hashes[steps - 1];
  }

  /** A prompt of text that lies in one piece. */
  @Benchmark
  public long wholeText() {
    int steps = PrefixHasher.chainBytes(seed, text, 0, 4 * promptTokens, STEP_BYTES, hashes);
    return hashes[steps - 1];
  }

  /** A prompt of text that arrives in pieces which fit no step. */
  @Benchmark
  public long textInPieces() {
    chain.reset(seed);
    int end = 4 * promptTokens;
    for (int from = 0; from < end; from += PIECE_BYTES) {
      chain.update(text, from, Math.min(PIECE_BYTES, end - from));
    }
    return chain.stepHash(chain.stepCount() - 1);
  }

  /** The start of a chain, once a request. */
  @Benchmark
  public long chainSeed() {
    return PrefixHasher.seed("meta-llama/Llama-3.1-8B-Instruct", "legal-v2", "tenant-a");
  }
}
