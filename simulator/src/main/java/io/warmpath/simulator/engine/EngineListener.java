package io.warmpath.simulator.engine;

/** Told what happens in an engine as a whole, from within {@link EngineModel#advance}. */
public interface EngineListener {

  /** A listener that ignores all. */
  EngineListener NONE = new EngineListener() {};

  /** A forward pass ended, after the events of its requests. */
  default void stepCompleted(long atNanos, int prefillTokens, int decodedSequences) {}

  /**
   * Blocks {@code firstBlock .. firstBlock + count - 1} of a request's sequence became cached; they
   * were not cached elsewhere.
   */
  default void blocksStored(EngineRequest request, int firstBlock, int count) {}

  /** The content under {@code key} was evicted. */
  default void blockRemoved(long key) {}

  /** All content was forgotten at once. */
  default void cacheCleared() {}
}
