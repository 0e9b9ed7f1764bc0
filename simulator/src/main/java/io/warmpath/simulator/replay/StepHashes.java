package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.trace.TraceRequest;

/**
 * The chain of a prompt's step hashes from its block ids, without expanding them to tokens. A step
 * is told apart by the ids of all blocks that it has tokens of, and by the steps before it.
 */
final class StepHashes {

  /*
   * A partial last block has an id of its own even where a later prompt goes on from it token by
   * token, so its steps would look unlike those of the very prompt that shares them. They are left
   * out: no cache of full blocks could reuse them either. Within the family's tokens they stay,
   * since there they tell short prompts apart.
   */
  private static final long SEED = 0x57A9_57E9_4A54_0001L;

  private StepHashes() {}

  /**
   * Returns one hash a step that lies in full blocks of the prompt or in its family's tokens,
   * shallow to deep.
   */
  static long[] of(TraceRequest request, int blockTokens, int stepTokens, int familySteps) {
    int allSteps = request.promptTokens() / stepTokens;
    int inFullBlocks = request.promptTokens() / blockTokens * blockTokens / stepTokens;
    long[] hashes = new long[Math.max(inFullBlocks, Math.min(allSteps, familySteps))];
    @Var long hash = SEED;
    for (int step = 0; step < hashes.length; step++) {
      int first = (int) ((long) step * stepTokens / blockTokens);
      int last = (int) (((long) (step + 1) * stepTokens - 1) / blockTokens);
      for (int block = first; block <= last; block++) {
        hash = mix(hash, request.blockId(block));
      }
      hashes[step] = hash;
    }
    return hashes;
  }

  /** Returns a hash of an ordered pair: SplitMix64's finalizer over each in turn. */
  static long mix(long first, long second) {
    return mix(mix(first + 0x9E3779B97F4A7C15L) ^ second);
  }

  private static long mix(long value) {
    long a = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }
}
