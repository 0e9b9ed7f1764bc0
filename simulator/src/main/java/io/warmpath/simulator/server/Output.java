package io.warmpath.simulator.server;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.engine.BlockHash;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a completion will say, known before it is decoded: its tokens, their text and why it ends.
 * Equal prompts with an equal seed get equal outputs.
 */
final class Output {

  /*
   * Every token of generated text is one group of four ASCII characters, so token i is characters
   * 4i to 4i+3; only the end token has no text. Forced text (JSON, tool arguments) is padded to
   * that.
   */
  private static final int TOKEN_CHARACTERS = 4;
  private static final int SEEDING_TOKENS = 256;
  private static final int NATURAL_LEAST = 16;
  private static final int NATURAL_SPREAD = 113;
  private static final String WORDS =
      " the and for you but not are all any can had her was one our out day get has him his how man"
          + " new now old see two way who boy did its let put say she too use dad mom end far few"
          + " big run set sun red own off yes why try ten sea map low key job ice hot gas fun";
  private static final int[] WORD_TOKENS = Tokenizer.encode(WORDS);

  private final int[] tokens;
  private final String text;
  private final String finishReason;
  private final @Nullable Object stopReason;

  private Output(int[] tokens, String text, String finishReason, @Nullable Object stopReason) {
    this.tokens = tokens;
    this.text = text;
    this.finishReason = finishReason;
    this.stopReason = stopReason;
  }

  /**
   * Plans an output.
   *
   * @param forcedText what it must say, or null for words
   * @param maxTokens exact length in tokens where words are generated and none of the stops ends
   *     them before; 0 for a length of the model's own choice
   * @param limit tokens that fit behind the prompt
   */
  static Output plan(
      int[] prompt,
      Sampling sampling,
      int choice,
      @Nullable String forcedText,
      int maxTokens,
      int limit) {
    int[] planned =
        forcedText == null ? words(prompt, sampling, choice, maxTokens) : forced(forcedText);
    int most = maxTokens == 0 ? limit : Math.min(maxTokens, limit);
    int[] tokens = planned.length > most ? Arrays.copyOf(planned, most) : planned;
    boolean natural = tokens[tokens.length - 1] == Tokenizer.endToken();
    String text = Tokenizer.decode(natural ? Arrays.copyOf(tokens, tokens.length - 1) : tokens);
    return new Output(tokens, text, natural ? "stop" : "length", null).stoppedBy(sampling);
  }

  /** Token ids to decode. */
  int[] tokens() {
    return tokens;
  }

  /** All visible text. */
  String text() {
    return text;
  }

  /** The visible text of tokens {@code from..to}, {@code to} excluded. */
  String text(int from, int to) {
    return text.substring(textEnd(from), textEnd(to));
  }

  /** {@code stop} or {@code length}. */
  String finishReason() {
    return finishReason;
  }

  /** The stop text or token id that ended it, or null. */
  @Nullable Object stopReason() {
    return stopReason;
  }

  private int textEnd(int count) {
    return Math.min(count * TOKEN_CHARACTERS, text.length());
  }

  private Output stoppedBy(Sampling sampling) {
    @Var Output first = this;
    for (int id : sampling.stopTokenIds()) {
      int position = indexOf(first.tokens, id);
      if (position >= 0) {
        String kept = text.substring(0, Math.min(position * TOKEN_CHARACTERS, text.length()));
        first = new Output(Arrays.copyOf(tokens, position + 1), kept, "stop", id);
      }
    }
    for (String stop : sampling.stops()) {
      int start = first.text.indexOf(stop);
      if (start >= 0) {
        int end = start + stop.length();
        int count = (end + TOKEN_CHARACTERS - 1) / TOKEN_CHARACTERS;
        String kept = text.substring(0, sampling.includeStop() ? end : start);
        first = new Output(Arrays.copyOf(tokens, count), kept, "stop", stop);
      }
    }
    return first;
  }

  private static int[] words(int[] prompt, Sampling sampling, int choice, int maxTokens) {
    int from = Math.max(0, prompt.length - SEEDING_TOKENS);
    long promptHash = BlockHash.chain(prompt.length + sampling.seed(), prompt, from, prompt.length);
    long seed = BlockHash.chain(promptHash, choice);
    int natural = NATURAL_LEAST + (int) Long.remainderUnsigned(seed, NATURAL_SPREAD);
    int[] tokens = new int[maxTokens == 0 ? natural + 1 : maxTokens];
    for (int i = 0; i < tokens.length; i++) {
      long hash = BlockHash.chain(seed, i);
      tokens[i] = WORD_TOKENS[(int) Long.remainderUnsigned(hash, WORD_TOKENS.length)];
    }
    if (maxTokens == 0) {
      tokens[natural] = Tokenizer.endToken();
    }
    return tokens;
  }

  private static int[] forced(String text) {
    int padding = (TOKEN_CHARACTERS - text.length() % TOKEN_CHARACTERS) % TOKEN_CHARACTERS;
    int[] tokens = Tokenizer.encode(text + " ".repeat(padding));
    int[] ended = Arrays.copyOf(tokens, tokens.length + 1);
    ended[tokens.length] = Tokenizer.endToken();
    return ended;
  }

  private static int indexOf(int[] tokens, int id) {
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] == id) {
        return i;
      }
    }
    return -1;
  }

  static List<String> vocabularySample() {
    return Arrays.stream(WORD_TOKENS).mapToObj(Tokenizer::decode).toList();
  }
}
