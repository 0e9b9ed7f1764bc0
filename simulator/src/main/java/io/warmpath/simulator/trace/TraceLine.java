package io.warmpath.simulator.trace;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The fields of one line of a trace, by whichever of their public names they came. */
final class TraceLine {

  private static final JsonFactory JSON = new JsonFactory();
  private static final long[] NO_IDS = {};

  /** In the format's own unit, NaN when the line has none. */
  @Var double timestamp = Double.NaN;

  /** Length of the prompt, 0 when the line has none. */
  @Var int inputLength;

  /** Decoded tokens, 0 when the line has none. */
  @Var int outputLength;

  /** Block ids as they stand, maybe fewer or more than the prompt's blocks. */
  @Var long[] hashIds = NO_IDS;

  /** Tokens a block by this line, 0 when it does not say. */
  @Var int blockSize;

  /** Bailian's chat id, or null. */
  @Var @Nullable String chatId;

  /** Bailian's id of the turn before, or null for a first turn. */
  @Var @Nullable String parentChatId;

  /** Id of the conversation, or null. */
  @Var @Nullable String sessionId;

  /** Milliseconds after the turn before, NaN when the line does not say. */
  @Var double thinkMillis = Double.NaN;

  /** What a header line says of the format, or null on any other line. */
  @Var @Nullable String format;

  private final JsonParser parser;

  private TraceLine(JsonParser parser) {
    this.parser = parser;
  }

  /**
   * Reads one line.
   *
   * @throws TraceException with what is wrong, without file and line number
   */
  static TraceLine parse(String text) throws TraceException {
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new TraceException("is not a JSON object");
      }
      TraceLine line = new TraceLine(parser);
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String field = parser.currentName();
        parser.nextToken();
        line.readField(field);
      }
      if (parser.nextToken() != null) {
        throw new TraceException("has more than one JSON object");
      }
      return line;
    } catch (JsonProcessingException malformed) {
      throw new TraceException("is not valid JSON: " + malformed.getOriginalMessage());
    } catch (TraceException bad) {
      throw bad;
    } catch (IOException unexpected) {
      throw new TraceException("cannot be read: " + unexpected.getMessage());
    }
  }

  /** Reads the value of {@code field}; one that is not known is skipped. */
  private void readField(String field) throws IOException {
    switch (field.toLowerCase(Locale.ROOT)) {
      case "timestamp" -> timestamp = number(field, 0);
      case "input_length", "input_tokens", "prompt_tokens" -> inputLength = count(field, 1);
      case "output_length", "output_tokens", "completion_tokens" -> outputLength = count(field, 0);
      case "hash_ids", "block_hashes" -> hashIds = ids(field);
      case "block_size" -> blockSize = count(field, 1);
      case "chat_id" -> chatId = name(field);
      case "parent_chat_id" -> parentChatId = parentName(field);
      case "session_id" -> sessionId = name(field);
      case "think_ms", "delay" -> thinkMillis = optionalNumber(field);
      case "format" -> format = name(field);
      default -> parser.skipChildren();
    }
  }

  private double optionalNumber(String field) throws IOException {
    return parser.currentToken() == JsonToken.VALUE_NULL ? Double.NaN : number(field, 0);
  }

  private double number(String field, double least) throws IOException {
    String text = scalar(field);
    try {
      double value = Double.parseDouble(text);
      if (value >= least && value < Double.POSITIVE_INFINITY) {
        return value;
      }
    } catch (NumberFormatException notANumber) {
      // Falls through: every wrong value gets the same sentence.
    }
    throw new TraceException(
        "has " + field + " " + text + ", must be a number from " + (long) least);
  }

  private int count(String field, int least) throws IOException {
    double value = number(field, least);
    if (value > Integer.MAX_VALUE || value != Math.rint(value)) {
      throw new TraceException(
          "has %s %s, must be a whole number %d..%d"
              .formatted(field, scalar(field), least, Integer.MAX_VALUE));
    }
    return (int) value;
  }

  private String scalar(String field) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null || !token.isScalarValue()) {
      throw new TraceException("has a nested " + field + ", must be a plain value");
    }
    return parser.getText();
  }

  private @Nullable String name(String field) throws IOException {
    return parser.currentToken() == JsonToken.VALUE_NULL ? null : scalar(field);
  }

  /** Bailian writes -1 for the first turn of a conversation. */
  private @Nullable String parentName(String field) throws IOException {
    String name = name(field);
    return name == null || name.equals("-1") ? null : name;
  }

  private long[] ids(String field) throws IOException {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return NO_IDS;
    }
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw new TraceException("has " + field + " " + scalar(field) + ", must be a list of ids");
    }
    @Var long[] ids = new long[64];
    @Var int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (count == ids.length) {
        ids = Arrays.copyOf(ids, 2 * count);
      }
      ids[count++] = id(field);
    }
    return Arrays.copyOf(ids, count);
  }

  /** An id is any scalar: a number that fits a long stands for itself, the rest is hashed. */
  private long id(String field) throws IOException {
    String text = scalar(field);
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException notALong) {
      @Var long hash = text.length();
      for (int i = 0; i < text.length(); i++) {
        hash = Mix.mix(hash, text.charAt(i));
      }
      return hash;
    }
  }
}
