package io.warmpath.agent.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;

/**
 * What an engine answers instead of a completion.
 *
 * @param httpStatus its status
 * @param message its own words, one line, at most {@value #MAX_MESSAGE_LENGTH} characters
 * @param retryAfterSeconds what its {@code retry-after} says, 0 when it says nothing
 */
public record EngineError(int httpStatus, String message, double retryAfterSeconds) {

  private static final int MAX_MESSAGE_LENGTH = 500;

  /**
   * Reads an error's body: OpenAI's {@code {"error":{"message":…}}}, vLLM's older {@code
   * {"object":"error","message":…}} or the web framework's {@code {"detail":…}}; any other body
   * leaves the status to speak.
   */
  public static EngineError parse(int httpStatus, byte[] body, double retryAfterSeconds) {
    return new EngineError(httpStatus, oneLine(message(httpStatus, body)), retryAfterSeconds);
  }

  private static String message(int httpStatus, byte[] body) {
    String unnamed = "the engine answered with status " + httpStatus;
    try {
      JsonNode root = Json.MAPPER.readTree(body);
      if (root == null) {
        return unnamed;
      }
      for (JsonNode place :
          new JsonNode[] {
            root.path("error").path("message"), root.path("message"), root.path("detail")
          }) {
        if (place.isTextual() && !place.asText().isBlank()) {
          return place.asText();
        }
        if (place.isArray() && place.path(0).path("msg").isTextual()) {
          return place.path(0).path("loc").toString() + " " + place.path(0).path("msg").asText();
        }
      }
      return unnamed;
    } catch (IOException notJson) {
      return unnamed;
    }
  }

  static String oneLine(String text) {
    String line = text.replaceAll("\\p{Cntrl}+", " ").strip();
    return line.length() <= MAX_MESSAGE_LENGTH ? line : line.substring(0, MAX_MESSAGE_LENGTH);
  }
}
