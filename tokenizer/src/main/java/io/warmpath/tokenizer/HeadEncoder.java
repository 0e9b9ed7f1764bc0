package io.warmpath.tokenizer;

import com.google.errorprone.annotations.Var;
import io.warmpath.hashing.PrefixHasher;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Makes the first tokens of texts without encoding the texts to their ends, and remembers those of
 * recent ones. Thread-safe, without a lock.
 */
public final class HeadEncoder {

  /*
   * Only a window of a text is encoded, at first one that is long enough for most languages. What
   * would follow a window may change its last tokens, so some are dropped; when too few are left,
   * the window is doubled. A window begins with the text and its length depends on nothing but what
   * is in it, so texts with a common beginning have common first tokens whatever follows.
   *
   * Turns of one conversation, and conversations with one system prompt, have one first window:
   * its tokens are looked up by its hash. The memory is an array in which a new entry replaces the
   * one that is at its place: nothing to keep in order, and nothing to lock.
   */
  private static final int FIRST_WINDOW_BYTES_PER_TOKEN = 6;
  private static final int WINDOWS = 4;

  /** Last tokens of a window that may become others by what follows it. */
  private static final int UNSURE_TOKENS = 16;

  private static final int REMEMBERED = 1 << 10;

  /** The most first tokens there can be; together with the memory it bounds what is kept. */
  public static final int MAX_TOKENS = 1 << 13;

  private final ModelTokenizer tokenizer;
  private final int tokens;
  private final int stepTokens;
  private final AtomicReferenceArray<@Nullable Known> memory =
      new AtomicReferenceArray<>(REMEMBERED);

  /**
   * A window that was encoded.
   *
   * @param key its hash
   * @param head what came of it, null when it was too short
   */
  private record Known(long key, @Nullable TokenHead head) {}

  /**
   * The beginning of a text that is encoded at once.
   *
   * @param text in UTF-8
   * @param length of the window
   * @param special whether the tokens are added that the model begins every prompt with
   */
  @SuppressWarnings("ArrayRecordComponent") // A record for its shape; never compared or hashed.
  private record Window(byte[] text, int length, boolean special) {

    boolean isWhole() {
      return length == text.length;
    }

    long key() {
      long kind = ((long) length << 2) | (isWhole() ? 2 : 0) | (special ? 1 : 0);
      return PrefixHasher.mix(PrefixHasher.hashBytes(text, 0, length), kind);
    }
  }

  /**
   * Makes heads of {@code tokens} tokens.
   *
   * @param tokens a multiple of {@code stepTokens}, at most {@link #MAX_TOKENS}
   * @param stepTokens tokens of a step, above 0
   */
  public HeadEncoder(ModelTokenizer tokenizer, int tokens, int stepTokens) {
    if (stepTokens < 1 || tokens < stepTokens || tokens % stepTokens != 0 || tokens > MAX_TOKENS) {
      throw new IllegalArgumentException(tokens + " tokens in steps of " + stepTokens);
    }
    this.tokenizer = tokenizer;
    this.tokens = tokens;
    this.stepTokens = stepTokens;
  }

  /** Returns the head of a text in UTF-8 if it is remembered, else null. Does not block. */
  public @Nullable TokenHead remembered(byte[] text, boolean special) {
    for (int i = 0; i < WINDOWS; i++) {
      long key = window(text, special, i).key();
      Known known = memory.get(slot(key));
      if (known == null || known.key != key) {
        return null;
      }
      if (known.head != null) {
        return known.head;
      }
    }
    return null;
  }

  /**
   * Encodes as much of a text in UTF-8 as its head needs.
   *
   * @param special whether the tokens are added that the model begins every prompt with
   */
  public TokenHead encode(byte[] text, boolean special) {
    for (int i = 0; ; i++) {
      Window window = window(text, special, i);
      TokenHead head = head(window, i == WINDOWS - 1);
      long key = window.key();
      memory.set(slot(key), new Known(key, head));
      if (head != null) {
        return head;
      }
    }
  }

  /** Returns what the heads of all texts that go on from {@code beginning} begin with. */
  public TokenHead ofBeginning(byte[] beginning, boolean special) {
    ModelTokenizer.Encoded encoded =
        tokenizer.encode(new String(beginning, StandardCharsets.UTF_8), special);
    int sure = Math.max(0, encoded.ids().length - UNSURE_TOKENS);
    return cut(encoded, Math.min(sure / stepTokens * stepTokens, tokens), beginning, 0);
  }

  private @Nullable TokenHead head(Window window, boolean last) {
    String text = new String(window.text, 0, window.length, StandardCharsets.UTF_8);
    ModelTokenizer.Encoded encoded = tokenizer.encode(text, window.special);
    int count = encoded.ids().length;
    if (window.isWhole()) {
      return cut(encoded, Math.min(count, tokens), window.text, count);
    }
    int sure = Math.max(0, count - UNSURE_TOKENS);
    return sure < tokens && !last
        ? null
        : cut(encoded, Math.min(sure / stepTokens * stepTokens, tokens), window.text, 0);
  }

  private static TokenHead cut(
      ModelTokenizer.Encoded encoded, int length, byte[] text, int tokensOfAll) {
    @Var int last = length - 1;
    while (last >= 0 && encoded.begins()[last] < 0) {
      last--;
    }
    int begins = last < 0 ? 0 : byteOf(encoded.begins()[last], text);
    return new TokenHead(Arrays.copyOf(encoded.ids(), length), begins, tokensOfAll);
  }

  /** Where in UTF-8 a code point begins. */
  private static int byteOf(int codePoint, byte[] text) {
    @Var int left = codePoint;
    @Var int at = 0;
    for (; at < text.length; at++) {
      if ((text[at] & 0xC0) != 0x80 && left-- == 0) {
        return at;
      }
    }
    return at;
  }

  private Window window(byte[] text, boolean special, int number) {
    int length = (tokens * FIRST_WINDOW_BYTES_PER_TOKEN) << number;
    if (text.length <= length) {
      return new Window(text, text.length, special);
    }
    @Var int end = length;
    while (end > 0 && (text[end] & 0xC0) == 0x80) {
      end--; // Never within a character.
    }
    return new Window(text, end, special);
  }

  private static int slot(long key) {
    return (int) (key >>> 32) & (REMEMBERED - 1);
  }
}
