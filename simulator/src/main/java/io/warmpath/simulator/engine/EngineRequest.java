package io.warmpath.simulator.engine;

import java.util.Arrays;

/**
 * One sequence to prefill and decode. Its state is written by the {@link EngineModel} it was
 * submitted to, once; readers share the model's thread.
 */
public final class EngineRequest {

  /** Where a request is. */
  public enum State {
    /** Not submitted yet. */
    NEW,
    /** Accepted, not yet schedulable: the request overhead has not passed. */
    ARRIVING,
    /** Queued for a place in the batch. */
    WAITING,
    /** In the batch. */
    RUNNING,
    /** Decoded to its end. */
    FINISHED,
    /** Ended early by {@link EngineModel#abort}. */
    ABORTED,
  }

  private final BlockKeys keys;
  private final int promptTokens;
  private final int outputTokens;
  private final int priority;
  private final RequestListener listener;

  // Written by EngineModel only.
  State state = State.NEW;
  long sequence;
  long arrivalNanos;
  long readyNanos;
  long scheduledNanos;
  int cachedTokens = -1;
  int preemptions;

  /** Tokens whose KV is computed. */
  int computedTokens;

  int decodedTokens;

  /** Tokens the running step computes. */
  int stepTokens;

  int[] blocks = new int[0];
  int blockCount;

  /** Leading blocks already offered to the cache. */
  int storedBlocks;

  /**
   * Makes a request.
   *
   * @param keys its content
   * @param promptTokens at least 1
   * @param outputTokens tokens to decode, at least 1
   * @param priority smaller first, where the engine schedules by priority
   */
  public EngineRequest(
      BlockKeys keys, int promptTokens, int outputTokens, int priority, RequestListener listener) {
    if (promptTokens < 1 || outputTokens < 1) {
      throw new IllegalArgumentException(
          "promptTokens " + promptTokens + ", outputTokens " + outputTokens + ": below 1");
    }
    this.keys = keys;
    this.promptTokens = promptTokens;
    this.outputTokens = outputTokens;
    this.priority = priority;
    this.listener = listener;
  }

  public BlockKeys keys() {
    return keys;
  }

  public int promptTokens() {
    return promptTokens;
  }

  /** Tokens to decode in all. */
  public int outputTokens() {
    return outputTokens;
  }

  public int priority() {
    return priority;
  }

  public State state() {
    return state;
  }

  /** Prompt tokens found in the cache when first scheduled, or -1 before that. */
  public int cachedTokens() {
    return cachedTokens;
  }

  /** Tokens decoded so far. */
  public int decodedTokens() {
    return decodedTokens;
  }

  /** Times this request lost its blocks. */
  public int preemptions() {
    return preemptions;
  }

  /** When it was submitted. */
  public long arrivalNanos() {
    return arrivalNanos;
  }

  /** When it first ran; meaningless before that. */
  public long scheduledNanos() {
    return scheduledNanos;
  }

  public RequestListener listener() {
    return listener;
  }

  /** Prompt and decoded tokens: what the sequence holds now. */
  int totalTokens() {
    return promptTokens + decodedTokens;
  }

  int remainingTokens() {
    return totalTokens() - computedTokens;
  }

  /** Whether the next step only decodes. */
  boolean isDecoding() {
    return decodedTokens > 0 && remainingTokens() == 1;
  }

  void addBlock(int block) {
    if (blockCount == blocks.length) {
      blocks = Arrays.copyOf(blocks, blocks.length + (blocks.length >> 1) + 4);
    }
    blocks[blockCount++] = block;
  }
}
