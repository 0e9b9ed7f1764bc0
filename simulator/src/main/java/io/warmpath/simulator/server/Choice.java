package io.warmpath.simulator.server;

import io.warmpath.simulator.engine.EngineRequest;
import io.warmpath.simulator.engine.RequestListener;
import io.warmpath.simulator.engine.TokenBlockKeys;

/** One completion of one prompt, and the engine's listener for it. */
final class Choice implements RequestListener {

  private final Generation generation;
  private final int index;
  private final int[] prompt;
  private final Output output;
  private final EngineRequest request;

  private long firstTokenNanos;
  private long lastTokenNanos;

  Choice(Generation generation, int index, int[] prompt, Output output) {
    this.generation = generation;
    this.index = index;
    this.prompt = prompt;
    this.output = output;
    TokenBlockKeys keys =
        new TokenBlockKeys(
            prompt, output.tokens(), generation.blockSizeTokens(), generation.keyRoot());
    int priority = generation.sampling().priority();
    request = new EngineRequest(keys, prompt.length, output.tokens().length, priority, this);
  }

  /** Its place among the choices of the answer, from 0. */
  int index() {
    return index;
  }

  int[] prompt() {
    return prompt;
  }

  Output output() {
    return output;
  }

  /** Under which adapter and salt its blocks are computed. */
  KvEventEncoder.BlockOwner blockOwner() {
    return new KvEventEncoder.BlockOwner(
        generation.loraAdapter(), generation.sampling().cacheSalt());
  }

  EngineRequest request() {
    return request;
  }

  /** When the first token was decoded; meaningless before. */
  long firstTokenNanos() {
    return firstTokenNanos;
  }

  /** Whether {@code position} is the last token. */
  boolean isLast(int position) {
    return position == output.tokens().length - 1;
  }

  @Override
  public void decoded(EngineRequest decoding, long atNanos) {
    long sinceLastNanos = atNanos - lastTokenNanos;
    lastTokenNanos = atNanos;
    if (request.decodedTokens() == 1) {
      firstTokenNanos = atNanos;
      generation.firstToken(this);
    } else {
      generation.nextToken(this, sinceLastNanos);
    }
  }

  @Override
  public void finished(EngineRequest decoding, long atNanos) {
    generation.finished(this, atNanos);
  }
}
