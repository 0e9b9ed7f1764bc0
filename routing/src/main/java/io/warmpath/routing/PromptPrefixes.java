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

  /** Tokens of the longest prefix that makes a family. */
  public int familyTokens() {
    return familySteps * stepTokens;
  }

  /** Tokens a step. */
  public int stepTokens() {
    return stepTokens;
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

  /**
   * Returns the prefix of a text whose first tokens are known: steps of those tokens, as if the
   * prompt had been given in tokens, and behind them steps of bytes, each of as many as a step of
   * those tokens takes on average.
   *
   * @param head the first tokens; those of the family at most, and in full steps unless they are
   *     all there are
   * @param headBytes byte of the text from which the steps of bytes go on
   * @param promptTokens length of the whole prompt, 0 for one that is estimated from the head's
   */
  public PromptPrefix ofText(
      Scope scope, int[] head, byte[] text, int headBytes, int promptTokens) {
    if (head.length == 0) {
      return ofBytes(scope, text, 0, text.length);
    }
    int headSteps = head.length / stepTokens;
    int tokens = promptTokens > 0 ? promptTokens : estimate(head.length, headBytes, text.length);
    int stepBytes = headSteps == 0 ? 0 : Math.min(headBytes / headSteps, PrefixHasher.MAX_STEP);
    int more =
        stepBytes == 0
            ? 0
            : Math.min((text.length - headBytes) / stepBytes, tokens / stepTokens - headSteps);
    long[] steps = new long[headSteps + more];
    PrefixHasher.chainTokens(scope.seed(), head, head.length, stepTokens, steps);
    if (more > 0) {
      long[] rest =
          PrefixHasher.chainBytes(
              steps[headSteps - 1], text, headBytes, more * stepBytes, stepBytes);
      System.arraycopy(rest, 0, steps, headSteps, more);
    }
    return ofSteps(scope, steps, tokens);
  }

  /** The length of a text whose first {@code bytes} of {@code ofBytes} are {@code tokens}. */
  private static int estimate(int tokens, int bytes, int ofBytes) {
    long rest = (long) (ofBytes - bytes) * tokens;
    return (int) Math.min(Integer.MAX_VALUE, tokens + Math.ceilDiv(rest, Math.max(1, bytes)));
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
