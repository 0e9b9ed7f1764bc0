package io.warmpath.simulator.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** JSON values and their text. */
final class Json {

  static final ObjectMapper MAPPER = new ObjectMapper();

  private Json() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  static ArrayNode array() {
    return JsonNodeFactory.instance.arrayNode();
  }

  static ArrayNode array(int[] values, int from, int to) {
    ArrayNode array = array();
    for (int i = from; i < to; i++) {
      array.add(values[i]);
    }
    return array;
  }

  static byte[] bytes(JsonNode value) {
    try {
      return MAPPER.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree that cannot be written", e);
    }
  }

  static String text(JsonNode value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree that cannot be written", e);
    }
  }

  /** Appends {@code value} as a JSON string. */
  static void quote(CharSequence value, StringBuilder to) {
    to.append('"');
    JsonStringEncoder.getInstance().quoteAsString(value, to);
    to.append('"');
  }

  /** Returns {@code value} as a JSON string. */
  static String quoted(String value) {
    StringBuilder text = new StringBuilder(value.length() + 2);
    quote(value, text);
    return text.toString();
  }

  /** Returns an error in vLLM's form. */
  static ObjectNode error(ApiException error) {
    ObjectNode body = object();
    body.putObject("error")
        .put("message", error.getMessage())
        .put("type", error.type())
        .put("param", error.parameter())
        .put("code", error.status());
    return body;
  }
}
