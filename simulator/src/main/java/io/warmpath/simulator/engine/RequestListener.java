package io.warmpath.simulator.engine;

/**
 * Told what happens to one request, from within {@link EngineModel#advance}, in the model's time.
 * {@link #decoded} and {@link #finished} may submit and abort requests; the others may not, for
 * they come while a step is being composed.
 */
public interface RequestListener {

  /** A listener that ignores all. */
  RequestListener NONE = new RequestListener() {};

  /** The request began to run; {@link EngineRequest#cachedTokens} is known from now on. */
  default void scheduled(EngineRequest request, long atNanos) {}

  /** One more token was decoded; the first one ends the prefill. */
  default void decoded(EngineRequest request, long atNanos) {}

  /** The request lost its blocks and waits again; what it decoded stays. */
  default void preempted(EngineRequest request, long atNanos) {}

  /** The last token was decoded; comes after its {@link #decoded}. */
  default void finished(EngineRequest request, long atNanos) {}
}
