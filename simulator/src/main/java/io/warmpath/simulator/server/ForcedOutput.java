package io.warmpath.simulator.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Output that structured generation asks for: the smallest JSON that fits, or a choice. */
final class ForcedOutput {

  private static final int MAX_DEPTH = 16;
  private static final ObjectWriter ASCII =
      Json.MAPPER.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII);

  private ForcedOutput() {}

  /** Returns the text that the answer must be, or null if it is free. */
  static @Nullable String of(RequestFields fields) {
    JsonNode format = fields.get("response_format");
    if (format != null) {
      String type = format.path("type").asText("");
      if (type.equals("json_object")) {
        return sample(Json.object());
      }
      if (type.equals("json_schema")) {
        return sample(format.path("json_schema").path("schema"));
      }
    }
    JsonNode structured = fields.get("structured_outputs");
    if (structured != null && structured.hasNonNull("choice")) {
      return ascii(structured.path("choice").path(0).asText(""));
    }
    if (structured != null && structured.hasNonNull("json")) {
      return sample(structured.path("json"));
    }
    return null;
  }

  /** Returns the text of a value that fits a JSON schema. */
  static String sample(JsonNode schema) {
    try {
      return ASCII.writeValueAsString(value(schema, 0));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree that cannot be written", e);
    }
  }

  private static JsonNode value(JsonNode schema, int depth) {
    if (schema.has("const")) {
      return schema.get("const");
    }
    if (schema.path("enum").has(0)) {
      return schema.get("enum").get(0);
    }
    if (depth > MAX_DEPTH) {
      return Json.object();
    }
    return switch (schema.path("type").asText("object")) {
      case "string" -> TextNode.valueOf("the");
      case "integer" -> Json.object().numberNode(1);
      case "number" -> Json.object().numberNode(1.5);
      case "boolean" -> Json.object().booleanNode(true);
      case "null" -> Json.object().nullNode();
      case "array" -> Json.array().add(value(schema.path("items"), depth + 1));
      default -> object(schema, depth);
    };
  }

  private static ObjectNode object(JsonNode schema, int depth) {
    ObjectNode object = Json.object();
    for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
      object.set(property.getKey(), value(property.getValue(), depth + 1));
    }
    return object;
  }

  /** Generated text is ASCII: see {@link Output}. */
  private static String ascii(String text) {
    return text.replaceAll("[^\\x00-\\x7F]", "?");
  }
}
