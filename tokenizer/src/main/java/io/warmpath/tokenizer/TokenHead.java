package io.warmpath.tokenizer;

/**
 * The first tokens of a text.
 *
 * @param ids of those tokens; handed over, and never changed
 * @param lastBegins byte of the text at which the last of them begins; what follows them in the
 *     text begins there or later
 * @param tokens of the whole text, 0 when only its beginning was encoded
 */
@SuppressWarnings("ArrayRecordComponent") // A record for its shape; never compared or hashed.
public record TokenHead(int[] ids, int lastBegins, int tokens) {

  public TokenHead {
    if (lastBegins < 0 || (tokens != 0 && tokens < ids.length)) {
      throw new IllegalArgumentException(
          ids.length + " of " + tokens + " tokens, the last at byte " + lastBegins);
    }
  }

  /** Whether the whole text was encoded, so that its length in tokens is known. */
  public boolean isWhole() {
    return tokens > 0;
  }
}
