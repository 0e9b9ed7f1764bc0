package io.warmpath.agent.engine;

import io.warmpath.v1.Delta;

/** Receives what an engine's stream says. */
public interface CompletionListener {

  /** Output of one completion. Each one with output tells that the prompt was computed. */
  void onDelta(Delta delta);

  /** The engine's counts so far; the last one before {@link #onDone} is final. */
  void onUsage(EngineUsage usage);

  /** The engine gave up within the stream. */
  void onError(EngineError error);

  /** The stream said that it is complete. */
  void onDone();
}
