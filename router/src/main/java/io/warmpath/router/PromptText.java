package io.warmpath.router;

import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.tokenizer.HeadEncoder;
import io.warmpath.tokenizer.TokenHead;
import org.jspecify.annotations.Nullable;

/**
 * A prompt that is not given in tokens, of a model whose tokenizer is here.
 *
 * @param encoder the model's
 * @param bytes its text, or the canonical bytes of a conversation
 * @param special whether the engine adds the tokens that the model begins every prompt with
 */
@SuppressWarnings("ArrayRecordComponent") // A record for its shape; never compared or hashed.
record PromptText(HeadEncoder encoder, byte[] bytes, boolean special) {

  /**
   * Returns the text to encode, or null when the model has no tokenizer here or nothing is said.
   */
  static @Nullable PromptText of(@Nullable HeadEncoder encoder, byte[] bytes, boolean special) {
    return encoder == null || bytes.length == 0 ? null : new PromptText(encoder, bytes, special);
  }

  /** Returns the prefix of a text: of its first tokens, or of its bytes alone without a head. */
  static PromptPrefix prefix(
      PromptPrefixes prefixes, PromptPrefixes.Scope scope, byte[] bytes, @Nullable TokenHead head) {
    return head == null
        ? prefixes.ofBytes(scope, bytes, 0, bytes.length)
        : prefixes.ofText(scope, head.ids(), bytes, head.lastBegins(), head.tokens());
  }
}
