package io.warmpath.simulator.engine;

import java.util.Arrays;

/**
 * Block keys of a sequence whose tokens are known: the prompt's and the ones that will be decoded.
 * Keys are computed when first asked for. Not thread-safe.
 */
public final class TokenBlockKeys implements BlockKeys {

  private final int[] prompt;
  private final int[] output;
  private final int blockSizeTokens;
  private final long root;
  private final int[] straddling;

  private long[] keys;
  private int keyCount;

  /**
   * Takes both arrays over.
   *
   * @param root parent of the first block, from {@link BlockHash#root}
   */
  public TokenBlockKeys(int[] prompt, int[] output, int blockSizeTokens, long root) {
    this.prompt = prompt;
    this.output = output;
    this.blockSizeTokens = blockSizeTokens;
    this.root = root;
    this.straddling = new int[blockSizeTokens];
    this.keys = new long[prompt.length / blockSizeTokens + 1];
  }

  /** Returns the token at a position of the sequence, prompt first. */
  public int token(int position) {
    return position < prompt.length ? prompt[position] : output[position - prompt.length];
  }

  /** Returns the key before the first block. */
  public long root() {
    return root;
  }

  @Override
  public long key(int block) {
    while (keyCount <= block) {
      append();
    }
    return keys[block];
  }

  private void append() {
    long parent = keyCount == 0 ? root : keys[keyCount - 1];
    if (keyCount == keys.length) {
      keys = Arrays.copyOf(keys, keys.length + (keys.length >> 1) + 1);
    }
    keys[keyCount] = hash(parent, keyCount * blockSizeTokens);
    keyCount++;
  }

  private long hash(long parent, int from) {
    int to = from + blockSizeTokens;
    if (to <= prompt.length) {
      return BlockHash.chain(parent, prompt, from, to);
    }
    for (int i = 0; i < blockSizeTokens; i++) {
      straddling[i] = token(from + i);
    }
    return BlockHash.chain(parent, straddling, 0, blockSizeTokens);
  }
}
