package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * A function call that the client asks for with {@code tool_choice}.
 *
 * @param name the function
 * @param arguments JSON that fits its parameters
 * @param named whether the client named the function, and did not only require some call
 */
record ToolCall(String name, String arguments, boolean named) {

  /** Returns the call that must be made, or null if none must. */
  static @Nullable ToolCall of(RequestFields fields) throws ApiException {
    JsonNode choice = fields.get("tool_choice");
    JsonNode tools = fields.get("tools");
    if (choice == null) {
      return null;
    }
    if (choice.isTextual() && !choice.textValue().equals("required")) {
      return null;
    }
    if (tools == null || tools.isEmpty()) {
      throw ApiException.badRequest(
          "When using `tool_choice`, `tools` must be set.", "tool_choice");
    }
    if (choice.isTextual()) {
      return call(tools.get(0).path("function"), false);
    }
    String wanted = choice.path("function").path("name").asText("");
    for (JsonNode tool : tools) {
      if (tool.path("function").path("name").asText("").equals(wanted)) {
        return call(tool.path("function"), true);
      }
    }
    throw ApiException.badRequest(
        "The tool specified in `tool_choice` does not match any of the specified `tools`",
        "tool_choice");
  }

  private static ToolCall call(JsonNode function, boolean named) {
    String arguments = ForcedOutput.sample(function.path("parameters"));
    return new ToolCall(function.path("name").asText("function"), arguments, named);
  }
}
