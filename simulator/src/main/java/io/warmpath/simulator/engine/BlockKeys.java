package io.warmpath.simulator.engine;

/**
 * The content of one sequence as the cache sees it: a key for each full block, chained, so that
 * equal keys mean equal content from the start of the sequence. Blocks of the prompt come first,
 * then those that decoding fills. Keys are never 0.
 */
@FunctionalInterface
public interface BlockKeys {

  /**
   * Returns the key of a full block. Asked only for blocks whose tokens are all known, in no
   * particular order and repeatedly: an implementation computes each once.
   */
  long key(int block);
}
