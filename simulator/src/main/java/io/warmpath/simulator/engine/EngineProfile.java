package io.warmpath.simulator.engine;

import java.util.Map;
import java.util.TreeMap;

/**
 * What an engine is: model and hardware as rates, and the limits of its scheduler and cache.
 *
 * @param name what it imitates
 * @param stepTime duration of a forward pass
 * @param requestOverheadSeconds time between a request's arrival and when it can be scheduled
 * @param blocks KV cache size in blocks, at least 1
 * @param blockSizeTokens tokens a block, at least 1
 * @param maxModelLenTokens longest prompt plus output; fits into the cache
 * @param maxBatchedTokens tokens computed in one step at most, at least {@code maxSequences}
 * @param maxSequences requests running at once at most, at least 1
 * @param priorityScheduling whether waiting requests are taken by priority before arrival
 */
public record EngineProfile(
    String name,
    StepTime stepTime,
    double requestOverheadSeconds,
    int blocks,
    int blockSizeTokens,
    int maxModelLenTokens,
    int maxBatchedTokens,
    int maxSequences,
    boolean priorityScheduling) {

  private static final int DEFAULT_BLOCK_SIZE = 16;
  private static final int DEFAULT_MODEL_LEN = 131_072;
  private static final int DEFAULT_BATCHED_TOKENS = 8_192;
  private static final int DEFAULT_SEQUENCES = 256;
  private static final double DEFAULT_OVERHEAD_SECONDS = 0.010;

  /*
   * 8b-h100: an 8-billion-parameter model with 128 KiB of KV cache a token on one 3.35 TB/s GPU.
   * Base and prefill are a published regression over vLLM 0.11 steps; a full batch of 256 sequences
   * with 1,000 tokens of context each then takes 21.6 ms, near the 12,500 tokens/s published for
   * it. 70b-tp4: a 70-billion-parameter model on four such GPUs, 80 KiB a token and GPU; its block
   * count is derived from memory size, not measured.
   */
  private static final Map<String, EngineProfile> KNOWN =
      new TreeMap<>(
          Map.of(
              "8b-h100", standard("8b-h100", new StepTime(6.5e-3, 20e-6, 20e-6, 39e-9), 29_000),
              "70b-tp4", standard("70b-tp4", new StepTime(12.6e-3, 76e-6, 67e-6, 24e-9), 25_000)));

  public EngineProfile {
    requirePositive("blocks", blocks);
    requirePositive("blockSizeTokens", blockSizeTokens);
    requirePositive("maxModelLenTokens", maxModelLenTokens);
    requirePositive("maxSequences", maxSequences);
    if (!(requestOverheadSeconds >= 0 && requestOverheadSeconds < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("requestOverheadSeconds: " + requestOverheadSeconds);
    }
    if (maxBatchedTokens < maxSequences) {
      throw new IllegalArgumentException(
          "maxBatchedTokens " + maxBatchedTokens + " is below maxSequences " + maxSequences);
    }
    if (maxModelLenTokens > (long) blocks * blockSizeTokens) {
      throw new IllegalArgumentException(
          "maxModelLenTokens "
              + maxModelLenTokens
              + " does not fit into "
              + blocks
              + " blocks of "
              + blockSizeTokens);
    }
  }

  /**
   * Returns the profile called {@code name}.
   *
   * @throws IllegalArgumentException naming the known ones if there is none
   */
  public static EngineProfile named(String name) {
    EngineProfile profile = KNOWN.get(name);
    if (profile == null) {
      throw new IllegalArgumentException(
          "engine profile \"" + name + "\" is unknown; known are " + KNOWN.keySet());
    }
    return profile;
  }

  /** Size of the KV cache in tokens. */
  public long capacityTokens() {
    return (long) blocks * blockSizeTokens;
  }

  /** Returns the same engine running {@code factor} times as fast; {@code factor} is above 0. */
  public EngineProfile atSpeed(double factor) {
    if (!(factor > 0 && factor < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("speed factor must be above 0: " + factor);
    }
    return withTimes(stepTime.atSpeed(factor), requestOverheadSeconds / factor);
  }

  /** Returns the same engine with other rates. */
  public EngineProfile withTimes(StepTime newStepTime, double newRequestOverheadSeconds) {
    return new EngineProfile(
        name,
        newStepTime,
        newRequestOverheadSeconds,
        blocks,
        blockSizeTokens,
        maxModelLenTokens,
        maxBatchedTokens,
        maxSequences,
        priorityScheduling);
  }

  /** Returns the same engine with another cache; a model length beyond it is cut to it. */
  public EngineProfile withCache(int newBlocks, int newBlockSizeTokens) {
    long capacity = (long) newBlocks * newBlockSizeTokens;
    return new EngineProfile(
        name,
        stepTime,
        requestOverheadSeconds,
        newBlocks,
        newBlockSizeTokens,
        (int) Math.min(maxModelLenTokens, capacity),
        maxBatchedTokens,
        maxSequences,
        priorityScheduling);
  }

  /** Returns the same engine with other limits of its scheduler. */
  public EngineProfile withLimits(
      int newMaxModelLenTokens, int newMaxBatchedTokens, int newMaxSequences) {
    return new EngineProfile(
        name,
        stepTime,
        requestOverheadSeconds,
        blocks,
        blockSizeTokens,
        newMaxModelLenTokens,
        newMaxBatchedTokens,
        newMaxSequences,
        priorityScheduling);
  }

  /** Returns the same engine with or without priority scheduling. */
  public EngineProfile withPriorityScheduling(boolean enabled) {
    return new EngineProfile(
        name,
        stepTime,
        requestOverheadSeconds,
        blocks,
        blockSizeTokens,
        maxModelLenTokens,
        maxBatchedTokens,
        maxSequences,
        enabled);
  }

  private static EngineProfile standard(String name, StepTime stepTime, int blocks) {
    return new EngineProfile(
        name,
        stepTime,
        DEFAULT_OVERHEAD_SECONDS,
        blocks,
        DEFAULT_BLOCK_SIZE,
        DEFAULT_MODEL_LEN,
        DEFAULT_BATCHED_TOKENS,
        DEFAULT_SEQUENCES,
        false);
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be at least 1: " + value);
    }
  }
}
