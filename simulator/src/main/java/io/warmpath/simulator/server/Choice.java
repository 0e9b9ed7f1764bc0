package io.warmpath.simulator.server;

import io.warmpath.simulator.engine.EngineRequest;
import io.warmpath.simulator.engine.TokenBlockKeys;

/** One completion of one prompt. */
final class Choice {

  private final int index;
  private final int[] prompt;
  private final Output output;
  private final String cacheSalt;
  private final String loraAdapter;
  private final EngineRequest request;

  private long firstTokenNanos;
  private long lastTokenNanos;

  Choice(Generation generation, int index, int[] prompt, Output output) {
    this.index = index;
    this.prompt = prompt;
    this.output = output;
    cacheSalt = generation.sampling().cacheSalt();
    loraAdapter = generation.loraAdapter();
    TokenBlockKeys keys =
        new TokenBlockKeys(
            prompt, output.tokens(), generation.blockSizeTokens(), generation.keyRoot());
    request =
        new EngineRequest(
            keys,
            prompt.length,
            output.tokens().length,
            generation.sampling().priority(),
            generation.listener(this));
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

  String cacheSalt() {
    return cacheSalt;
  }

  String loraAdapter() {
    return loraAdapter;
  }

  EngineRequest request() {
    return request;
  }

  /** When the first token was decoded; meaningless before. */
  long firstTokenNanos() {
    return firstTokenNanos;
  }

  /** Notes that a token was decoded; returns the time since the one before. */
  long decodedAt(long nowNanos) {
    long sinceLastNanos = nowNanos - lastTokenNanos;
    if (request.decodedTokens() == 1) {
      firstTokenNanos = nowNanos;
    }
    lastTokenNanos = nowNanos;
    return sinceLastNanos;
  }

  /** Whether {@code position} is the last token. */
  boolean isLast(int position) {
    return position == output.tokens().length - 1;
  }
}
