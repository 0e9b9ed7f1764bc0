package io.warmpath.routing;

import org.jspecify.annotations.Nullable;

/**
 * What the decision knows of a prompt: its length and the chained hashes of its full steps.
 *
 * <p>{@code stepHashes[i]} identifies the first {@code (i + 1) * stepTokens} tokens together with
 * the model, LoRA adapter and cache salt. The family is the hash of the first {@code prefix.tokens}
 * tokens (1,024 by default), or of the deepest full step of a shorter prompt, mixed with the prompt
 * cache key when there is one; 0 when the prompt has no full step. Immutable; the array is handed
 * over, not copied.
 */
public final class PromptPrefix {

  private final long[] stepHashes;
  private final int stepTokens;
  private final int promptTokens;
  private final long family;
  private final PlacementConfig.@Nullable PinnedFamily settings;

  /**
   * Takes the array over.
   *
   * @param stepHashes one hash a full step, shallow to deep; empty for a short prompt
   * @param stepTokens tokens a step, above 0
   * @param promptTokens length of the prompt, at least {@code stepHashes.length * stepTokens}
   * @param family the family's key, 0 for none
   */
  public PromptPrefix(long[] stepHashes, int stepTokens, int promptTokens, long family) {
    this(stepHashes, stepTokens, promptTokens, family, null);
  }

  private PromptPrefix(
      long[] stepHashes,
      int stepTokens,
      int promptTokens,
      long family,
      PlacementConfig.@Nullable PinnedFamily settings) {
    if (stepTokens < 1 || promptTokens < (long) stepHashes.length * stepTokens) {
      throw new IllegalArgumentException(
          stepHashes.length + " steps of " + stepTokens + " tokens, prompt of " + promptTokens);
    }
    this.stepHashes = stepHashes;
    this.stepTokens = stepTokens;
    this.promptTokens = promptTokens;
    this.family = family;
    this.settings = settings;
  }

  /**
   * Returns the same prompt as one of a family that the config names.
   *
   * @param namedFamily the family's key, not 0
   * @param familySettings what the config says of it
   */
  public PromptPrefix in(long namedFamily, PlacementConfig.PinnedFamily familySettings) {
    return new PromptPrefix(stepHashes, stepTokens, promptTokens, namedFamily, familySettings);
  }

  /** Number of full steps. */
  public int stepCount() {
    return stepHashes.length;
  }

  /** Hash of the prompt's first {@code (index + 1) * stepTokens} tokens. */
  public long stepHash(int index) {
    return stepHashes[index];
  }

  /** Tokens a step. */
  public int stepTokens() {
    return stepTokens;
  }

  /** Length of the prompt in tokens. */
  public int promptTokens() {
    return promptTokens;
  }

  /** The family's key, 0 for none. */
  public long family() {
    return family;
  }

  /** What the config says of the family, or null when it has no rule for it. */
  public PlacementConfig.@Nullable PinnedFamily settings() {
    return settings;
  }
}
