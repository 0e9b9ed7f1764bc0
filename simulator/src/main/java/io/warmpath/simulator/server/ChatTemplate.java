package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.Var;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Renders a conversation to the text of a prompt: the tools, then each message between its role's
 * token and the end token, then the token that opens the answer.
 */
final class ChatTemplate {

  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool");

  private ChatTemplate() {}

  /**
   * Returns the prompt.
   *
   * @param messages as in the API; content is a string or a list of parts
   * @param tools as in the API, or null
   * @param openAnswer whether the prompt ends where the assistant begins to speak
   * @throws ApiException if a message has not the form of the API
   */
  static String render(@Nullable JsonNode messages, @Nullable JsonNode tools, boolean openAnswer)
      throws ApiException {
    if (messages == null || !messages.isArray()) {
      throw RequestFields.wrongType("messages", "list");
    }
    if (messages.isEmpty()) {
      throw ApiException.badRequest("messages must have at least one message.", "messages");
    }
    StringBuilder prompt = new StringBuilder();
    if (tools != null && !tools.isEmpty()) {
      prompt.append("<|tools|>").append(Json.text(tools)).append("<|end|>");
    }
    for (JsonNode message : messages) {
      appendMessage(message, prompt);
    }
    if (openAnswer) {
      prompt.append("<|assistant|>");
    }
    return prompt.toString();
  }

  private static void appendMessage(JsonNode message, StringBuilder prompt) throws ApiException {
    String role = message.path("role").asText("");
    if (!ROLES.contains(role)) {
      throw ApiException.badRequest(
          "messages: role \"" + role + "\" is not one of " + ROLES + ".", "messages");
    }
    prompt.append("<|").append(role).append("|>");
    appendContent(message.path("content"), prompt);
    JsonNode calls = message.path("tool_calls");
    if (!calls.isMissingNode() && !calls.isNull() && !calls.isEmpty()) {
      prompt.append(Json.text(calls));
    }
    prompt.append("<|end|>");
  }

  private static void appendContent(JsonNode content, StringBuilder prompt) throws ApiException {
    if (content.isTextual()) {
      prompt.append(content.textValue());
      return;
    }
    if (content.isMissingNode() || content.isNull()) {
      return;
    }
    if (!content.isArray()) {
      throw RequestFields.wrongType("messages.content", "string or list of parts");
    }
    @Var boolean first = true;
    for (JsonNode part : content) {
      prompt.append(first ? "" : "\n").append(partText(part));
      first = false;
    }
  }

  /** Text of a part; what is not text (images, ...) stands as its JSON. */
  private static String partText(JsonNode part) {
    if (part.isTextual()) {
      return part.textValue();
    }
    JsonNode text = part.path("text");
    return text.isTextual() ? text.textValue() : Json.text(part);
  }
}
