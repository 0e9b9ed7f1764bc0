package io.warmpath.simulator.server;

import com.google.errorprone.annotations.Var;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A deterministic tokenizer: four ASCII characters make one token, any other byte of UTF-8 is one,
 * and the special tokens of the chat template are one each. Decoding the tokens of a text gives the
 * text back.
 */
final class Tokenizer {

  /*
   * Ids: 0..255 single bytes, then 2^28 groups of four 7-bit characters, then the special tokens. A
   * text is cut at special tokens first, and grouped from the left in between; so a text that is
   * continued keeps its tokens but for the last three at most, and the generated text, whose tokens
   * are all groups of four, is cut the same way when it comes back as part of the next prompt.
   */
  private static final int FIRST_GROUP = 256;
  private static final int FIRST_SPECIAL = FIRST_GROUP + (1 << 28);
  private static final String SPECIAL_START = "<|";
  private static final String[] SPECIALS = {
    "<|system|>", "<|developer|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|tools|>", "<|end|>",
  };

  /** What a token that is not in the vocabulary decodes to. */
  private static final byte[] REPLACEMENT = "\uFFFD".getBytes(StandardCharsets.UTF_8);

  private static final byte[][] SPECIAL_BYTES =
      Arrays.stream(SPECIALS)
          .map(special -> special.getBytes(StandardCharsets.UTF_8))
          .toArray(byte[][]::new);

  private Tokenizer() {}

  /** Number of distinct tokens. */
  static int vocabularySize() {
    return FIRST_SPECIAL + SPECIALS.length;
  }

  /** The token that ends a message, which generation stops at. */
  static int endToken() {
    return FIRST_SPECIAL + SPECIALS.length - 1;
  }

  static int[] encode(String text) {
    Encoding encoding = new Encoding(text.length() / 4 + 8);
    @Var int from = 0;
    @Var int search = text.indexOf(SPECIAL_START);
    while (search >= 0) {
      int special = specialAt(text, search);
      if (special < 0) {
        search = text.indexOf(SPECIAL_START, search + 1);
        continue;
      }
      encoding.addText(text.substring(from, search));
      encoding.add(FIRST_SPECIAL + special);
      from = search + SPECIALS[special].length();
      search = text.indexOf(SPECIAL_START, from);
    }
    encoding.addText(text.substring(from));
    return encoding.tokens();
  }

  static String decode(int[] tokens) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(tokens.length * 4);
    for (int token : tokens) {
      decode(token, bytes);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  static String decode(int token) {
    return decode(new int[] {token});
  }

  private static void decode(int token, ByteArrayOutputStream to) {
    if (token < 0 || token >= vocabularySize()) {
      to.writeBytes(REPLACEMENT);
    } else if (token < FIRST_GROUP) {
      to.write(token);
    } else if (token >= FIRST_SPECIAL) {
      to.writeBytes(SPECIAL_BYTES[token - FIRST_SPECIAL]);
    } else {
      int group = token - FIRST_GROUP;
      to.write(group >>> 21);
      to.write((group >>> 14) & 0x7F);
      to.write((group >>> 7) & 0x7F);
      to.write(group & 0x7F);
    }
  }

  private static int specialAt(String text, int position) {
    for (int i = 0; i < SPECIALS.length; i++) {
      if (text.startsWith(SPECIALS[i], position)) {
        return i;
      }
    }
    return -1;
  }

  /** Tokens being collected. */
  private static final class Encoding {

    private int[] tokens;
    private int size;

    Encoding(int expected) {
      tokens = new int[expected];
    }

    void add(int token) {
      if (size == tokens.length) {
        tokens = Arrays.copyOf(tokens, size + (size >> 1) + 8);
      }
      tokens[size++] = token;
    }

    void addText(String text) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      @Var int position = 0;
      while (position < bytes.length) {
        if (isGroup(bytes, position)) {
          add(
              FIRST_GROUP
                  + (bytes[position] << 21
                      | bytes[position + 1] << 14
                      | bytes[position + 2] << 7
                      | bytes[position + 3]));
          position += 4;
        } else {
          add(bytes[position] & 0xFF);
          position++;
        }
      }
    }

    int[] tokens() {
      return Arrays.copyOf(tokens, size);
    }

    private static boolean isGroup(byte[] bytes, int position) {
      return position + 4 <= bytes.length
          && (bytes[position] | bytes[position + 1] | bytes[position + 2] | bytes[position + 3])
              >= 0;
    }
  }
}
