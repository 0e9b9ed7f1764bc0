package io.warmpath.simulator.trace;

import com.google.errorprone.annotations.Var;

/**
 * Prompts for a live engine from a trace's block ids: one block id always gives the same tokens, so
 * that what is shared in the trace is shared in the prompts. A partial last block gives the first
 * tokens of its id.
 */
public final class TokenIds {

  /** Ids below this are special tokens in most tokenizers and are never produced. */
  private static final int FIRST_TOKEN = 256;

  private final int blockTokens;
  private final int vocabularySize;

  /**
   * Prepares for one trace and model.
   *
   * @param blockTokens tokens a block id of the trace stands for
   * @param vocabularySize token ids are below this, above 256
   */
  public TokenIds(int blockTokens, int vocabularySize) {
    if (blockTokens < 1 || vocabularySize <= FIRST_TOKEN) {
      throw new IllegalArgumentException(
          "blockTokens: " + blockTokens + ", vocabularySize: " + vocabularySize);
    }
    this.blockTokens = blockTokens;
    this.vocabularySize = vocabularySize;
  }

  /** Returns the token ids of the request's prompt. */
  public int[] prompt(TraceRequest request) {
    int[] tokens = new int[request.promptTokens()];
    @Var long blockSeed = 0;
    for (int i = 0; i < tokens.length; i++) {
      int offset = i % blockTokens;
      if (offset == 0) {
        blockSeed = Mix.mix(request.blockId(i / blockTokens));
      }
      tokens[i] = token(Mix.mix(blockSeed + offset));
    }
    return tokens;
  }

  private int token(long hash) {
    return FIRST_TOKEN + (int) Long.remainderUnsigned(hash, vocabularySize - FIRST_TOKEN);
  }
}
