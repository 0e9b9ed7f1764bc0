package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The responses that an engine keeps in its memory, to be shown again or gone on from; the newest
 * 1,024 of them. Lives on the engine's loop.
 */
final class StoredResponses {

  private static final int CAPACITY = 1_024;
  private static final String PREFIX = "resp_";
  private static final String CANCEL = "/cancel";

  private final Map<String, Stored> byId =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Stored> eldest) {
          return size() > CAPACITY;
        }
      };

  /**
   * A finished response.
   *
   * @param body as it was answered
   * @param messages the conversation up to its end, without instructions
   */
  private record Stored(ObjectNode body, ArrayNode messages) {}

  /** Keeps a finished response to a conversation. */
  void add(ObjectNode body, ArrayNode conversation, String answer) {
    ArrayNode messages = conversation.deepCopy();
    messages.addObject().put("role", "assistant").put("content", answer);
    byId.put(body.path("id").asText(), new Stored(body, messages));
  }

  /** Returns what comes before a request that goes on from {@code id}, null for nothing. */
  ArrayNode conversation(@Nullable String id) throws ApiException {
    return id == null ? Json.array() : find(id).messages.deepCopy();
  }

  /** Serves what is below {@code /v1/responses/}. */
  void serve(Exchange exchange, String rest) throws ApiException {
    boolean cancels = rest.endsWith(CANCEL);
    Stored stored = find(cancels ? rest.substring(0, rest.length() - CANCEL.length()) : rest);
    if (cancels) {
      throw ApiException.badRequest("Cannot cancel a synchronous response.", "response_id");
    }
    exchange.json(200, stored.body);
  }

  private Stored find(String id) throws ApiException {
    if (!id.startsWith(PREFIX)) {
      throw ApiException.badRequest(
          "Invalid 'response_id': '" + id + "'. Expected an ID that begins with 'resp'.",
          "response_id");
    }
    Stored stored = byId.get(id);
    if (stored == null) {
      throw new ApiException(
          404, "invalid_request_error", "Response with id '" + id + "' not found.", "response_id");
    }
    return stored;
  }
}
