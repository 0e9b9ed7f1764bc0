package io.warmpath.simulator.trace;

import org.jspecify.annotations.Nullable;

/**
 * One request of a trace: when it came, how long it is, and which blocks its prompt is made of.
 * Equal block ids mean equal tokens at equal positions, so a shared leading run of ids is a shared
 * prompt prefix. Immutable; the array is handed over, not copied.
 */
public final class TraceRequest {

  private final double arrivalMillis;
  private final int promptTokens;
  private final int outputTokens;
  private final long[] blockIds;
  private final @Nullable Turn turn;

  /**
   * Takes the array over.
   *
   * @param arrivalMillis time since the trace began, at least 0
   * @param promptTokens length of the prompt, at least 1
   * @param outputTokens decoded tokens, at least 0
   * @param blockIds one id a block of the prompt, the last one partial when the length says so
   * @param turn its place in a conversation, or null when the trace does not say
   */
  public TraceRequest(
      double arrivalMillis,
      int promptTokens,
      int outputTokens,
      long[] blockIds,
      @Nullable Turn turn) {
    if (!(arrivalMillis >= 0 && arrivalMillis < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("arrivalMillis: " + arrivalMillis);
    }
    if (promptTokens < 1 || outputTokens < 0) {
      throw new IllegalArgumentException(
          "promptTokens: " + promptTokens + ", outputTokens: " + outputTokens);
    }
    this.arrivalMillis = arrivalMillis;
    this.promptTokens = promptTokens;
    this.outputTokens = outputTokens;
    this.blockIds = blockIds;
    this.turn = turn;
  }

  /** Returns the same request with at most {@code tokens} decoded. */
  TraceRequest withOutputAtMost(int tokens) {
    return new TraceRequest(
        arrivalMillis, promptTokens, Math.min(outputTokens, tokens), blockIds, turn);
  }

  /** Milliseconds since the trace began. */
  public double arrivalMillis() {
    return arrivalMillis;
  }

  /** Length of the prompt in tokens. */
  public int promptTokens() {
    return promptTokens;
  }

  /** Decoded tokens. */
  public int outputTokens() {
    return outputTokens;
  }

  /** Number of blocks, the partial last one included. */
  public int blockCount() {
    return blockIds.length;
  }

  /** Id of block {@code index}. */
  public long blockId(int index) {
    return blockIds[index];
  }

  /** Its place in a conversation, or null when the trace does not say. */
  public @Nullable Turn turn() {
    return turn;
  }

  /**
   * A request's place in a conversation.
   *
   * @param session id of the conversation
   * @param number 1 for the first turn
   * @param parent index in the trace of the turn before, or -1 for the first
   * @param thinkMillis time between the end of the turn before and this one, NaN when unknown
   */
  public record Turn(String session, int number, int parent, double thinkMillis) {}
}
