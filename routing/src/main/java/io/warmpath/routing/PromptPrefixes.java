package io.warmpath.routing;

import io.warmpath.hashing.PrefixHasher;

/**
 * Makes {@link PromptPrefix}es: chains of step hashes and the family's key. Immutable, thread-safe.
 *
 * <p>The family is the hash of the first {@code prefix.tokens} tokens, or of the deepest full step
 * of a shorter prompt. A prompt under one step has no family, unless it comes with a prompt cache
 * key, which then is all there is to tell.
 */
public final class PromptPrefixes {

  /** Bytes of text that stand for one token where no tokenizer is configured. */
  public static final int BYTES_PER_TOKEN = 4;

  private final int familySteps;
  private final int stepTokens;

  /** Makes prefixes as {@code config} says. */
  public PromptPrefixes(PlacementConfig.Prefix config) {
    this.familySteps = config.tokens() / config.stepTokens();
    this.stepTokens = config.stepTokens();
  }

  /**
   * What else than the prompt decides what a cache can reuse.
   *
   * @param model the served model's name
   * @param loraAdapter its adapter, empty for none
   * @param cacheSalt isolates tenants, empty for none
   * @param promptCacheKey groups prompts into families of their own, empty for none; it does not
   *     change the step hashes, because the engine does not know it
   */
  public record Scope(String model, String loraAdapter, String cacheSalt, String promptCacheKey) {

    /** The base model, no tenant, no key. */
    public static Scope of(String model) {
      return new Scope(model, "", "", "");
    }

    private long seed() {
      return PrefixHasher.seed(model, loraAdapter, cacheSalt);
    }
  }

  /** Returns the prefix of the first {@code length} token ids. */
  public PromptPrefix ofTokens(Scope scope, int[] tokens, int length) {
    long[] steps = PrefixHasher.chainTokens(scope.seed(), tokens, length, stepTokens);
    return ofSteps(scope, steps, length);
  }

  /**
   * Returns the prefix of a text, or of the canonical bytes of a chat, that is not tokenized: steps
   * of four bytes a token, and a length in tokens that is estimated in the same way.
   */
  public PromptPrefix ofBytes(Scope scope, byte[] bytes, int offset, int length) {
    long[] steps =
        PrefixHasher.chainBytes(scope.seed(), bytes, offset, length, stepTokens * BYTES_PER_TOKEN);
    return ofSteps(scope, steps, Math.ceilDiv(length, BYTES_PER_TOKEN));
  }

  /** Returns the prefix of a prompt whose step hashes are known; takes the array over. */
  public PromptPrefix ofSteps(Scope scope, long[] stepHashes, int promptTokens) {
    return new PromptPrefix(stepHashes, stepTokens, promptTokens, family(scope, stepHashes));
  }

  /** Returns the key of the family of a prompt with these steps, 0 for none. */
  private long family(Scope scope, long[] stepHashes) {
    long prompt =
        stepHashes.length == 0 ? 0 : stepHashes[Math.min(familySteps, stepHashes.length) - 1];
    if (scope.promptCacheKey.isEmpty()) {
      return prompt;
    }
    long key = PrefixHasher.hashText(scope.promptCacheKey);
    return PrefixHasher.mix(prompt == 0 ? scope.seed() : prompt, key);
  }
}
