package io.warmpath.simulator.server;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.Var;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a JSON request body, read once: one field that may be a long list of token ids goes
 * straight into an array, all others into a tree.
 */
final class RequestFields {

  private final ObjectNode fields;
  private final @Nullable TokenInput input;

  /** Text or token ids: one prompt or several. */
  record TokenInput(List<String> texts, List<int[]> tokens) {}

  private RequestFields(ObjectNode fields, @Nullable TokenInput input) {
    this.fields = fields;
    this.input = input;
  }

  /**
   * Reads a body.
   *
   * @param inputField the field that may hold token ids
   * @throws ApiException if it is not a JSON object
   */
  static RequestFields read(ByteBuf body, String inputField) throws ApiException {
    try (InputStream stream = new ByteBufInputStream(body);
        JsonParser parser = Json.MAPPER.createParser(stream)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw ApiException.malformed("The request body is not a JSON object.");
      }
      ObjectNode fields = Json.object();
      @Var TokenInput input = null;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        if (name.equals(inputField)) {
          input = readInput(parser, inputField);
        } else {
          fields.set(name, Json.MAPPER.<JsonNode>readTree(parser));
        }
      }
      if (parser.nextToken() != null) {
        throw ApiException.malformed("The request body has text after its JSON object.");
      }
      return new RequestFields(fields, input);
    } catch (JsonProcessingException e) {
      throw ApiException.malformed("JSON decode error: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw ApiException.malformed("The request body cannot be read: " + e.getMessage());
    }
  }

  /** What the input field holds; null if it is absent or null. */
  @Nullable TokenInput input() {
    return input;
  }

  /** Returns a field as it is, or null if it is absent or null. */
  @Nullable JsonNode get(String name) {
    JsonNode value = fields.get(name);
    return value == null || value.isNull() ? null : value;
  }

  @Nullable String string(String name) throws ApiException {
    JsonNode value = get(name);
    if (value != null && !value.isTextual()) {
      throw wrongType(name, "string");
    }
    return value == null ? null : value.textValue();
  }

  String string(String name, String otherwise) throws ApiException {
    String value = string(name);
    return value == null ? otherwise : value;
  }

  @Nullable Long integer(String name) throws ApiException {
    JsonNode value = get(name);
    if (value == null) {
      return null;
    }
    if (!value.canConvertToLong() || !value.isNumber() || value.doubleValue() % 1 != 0) {
      throw wrongType(name, "integer");
    }
    return value.longValue();
  }

  long integer(String name, long otherwise) throws ApiException {
    Long value = integer(name);
    return value == null ? otherwise : value;
  }

  boolean bool(String name) throws ApiException {
    JsonNode value = get(name);
    if (value != null && !value.isBoolean()) {
      throw wrongType(name, "boolean");
    }
    return value != null && value.booleanValue();
  }

  /** Checks that a number, if present, lies within the bounds. */
  void checkNumber(String name, double least, double most) throws ApiException {
    JsonNode value = get(name);
    if (value == null) {
      return;
    }
    if (!value.isNumber()) {
      throw wrongType(name, "number");
    }
    if (!(value.doubleValue() >= least && value.doubleValue() <= most)) {
      throw ApiException.badRequest(
          name + " must be in [" + least + ", " + most + "], got " + value + ".", name);
    }
  }

  /** Returns a field that is a string or a list of strings. */
  List<String> strings(String name) throws ApiException {
    JsonNode value = get(name);
    List<String> strings = new ArrayList<>();
    if (value == null) {
      return strings;
    }
    if (value.isTextual()) {
      strings.add(value.textValue());
      return strings;
    }
    for (JsonNode element : value) {
      if (!element.isTextual()) {
        throw wrongType(name, "string");
      }
      strings.add(element.textValue());
    }
    return strings;
  }

  static ApiException wrongType(String name, String type) {
    String message = name + ": Input should be a valid " + type;
    return new ApiException(400, "Bad Request", message, "body." + name);
  }

  private static @Nullable TokenInput readInput(JsonParser parser, String name)
      throws IOException, ApiException {
    List<String> texts = new ArrayList<>();
    List<int[]> tokens = new ArrayList<>();
    switch (parser.currentToken()) {
      case VALUE_NULL -> {
        return null;
      }
      case VALUE_STRING -> texts.add(parser.getText());
      case START_ARRAY -> readList(parser, name, texts, tokens);
      default -> throw wrongType(name, "string or list");
    }
    return new TokenInput(texts, tokens);
  }

  /** Reads strings, or lists of ids, or ids, after the opening bracket. */
  private static void readList(
      JsonParser parser, String name, List<String> texts, List<int[]> tokens)
      throws IOException, ApiException {
    JsonToken first = parser.nextToken();
    if (first == JsonToken.VALUE_NUMBER_INT) {
      tokens.add(readIds(parser, name));
      return;
    }
    for (@Var JsonToken token = first; token != JsonToken.END_ARRAY; token = parser.nextToken()) {
      if (token == JsonToken.VALUE_STRING && tokens.isEmpty()) {
        texts.add(parser.getText());
      } else if (token == JsonToken.START_ARRAY && texts.isEmpty()) {
        parser.nextToken();
        tokens.add(readIds(parser, name));
      } else {
        throw wrongType(name, "string, list of strings, list of token ids or list of those");
      }
    }
  }

  /** Reads ids from the current one to the closing bracket. */
  private static int[] readIds(JsonParser parser, String name) throws IOException, ApiException {
    @Var int[] ids = new int[64];
    @Var int size = 0;
    for (@Var JsonToken token = parser.currentToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      if (token != JsonToken.VALUE_NUMBER_INT) {
        throw wrongType(name, "list of integers");
      }
      long id = parser.getLongValue();
      if (id < 0 || id > Integer.MAX_VALUE) {
        throw ApiException.badRequest("Token id " + id + " is out of vocabulary", name);
      }
      if (size == ids.length) {
        ids = Arrays.copyOf(ids, size * 2);
      }
      ids[size++] = (int) id;
    }
    return Arrays.copyOf(ids, size);
  }
}
