package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** Answers of {@code /v1/messages}, Anthropic's API: one body, or a stream of named events. */
final class MessagesFormat implements ResponseFormat {

  private static final String DELTA_START =
      "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":";

  private final Generation generation;
  private final String id;
  private final @Nullable String tool;
  private final boolean details;

  /**
   * Answers a generation of one choice.
   *
   * @param tool name of the tool that the output uses, or null for plain text
   * @param details whether usage tells cached tokens apart
   */
  MessagesFormat(Generation generation, String id, @Nullable String tool, boolean details) {
    this.generation = generation;
    this.id = id;
    this.tool = tool;
    this.details = details;
  }

  @Override
  public void start() {
    if (generation.sampling().stream()) {
      generation.exchange().startStream();
    }
  }

  @Override
  public void token(Choice choice, int position) {
    if (!generation.sampling().stream()) {
      return;
    }
    if (position == 0) {
      ObjectNode message = message().putNull("stop_reason").putNull("stop_sequence");
      message.putArray("content");
      message.set("usage", usage(choice, 0));
      ObjectNode start = Json.object().put("type", "message_start");
      start.set("message", message);
      send("message_start", start);
      ObjectNode block = Json.object().put("type", "content_block_start").put("index", 0);
      block.set("content_block", block(""));
      send("content_block_start", block);
    }
    String text = choice.output().text(position, position + 1);
    if (!text.isEmpty()) {
      StringBuilder delta = new StringBuilder(DELTA_START);
      delta.append(
          tool == null
              ? "{\"type\":\"text_delta\",\"text\":"
              : "{\"type\":\"input_json_delta\",\"partial_json\":");
      Json.quote(text, delta);
      generation.exchange().event("content_block_delta", delta.append("}}"));
    }
  }

  @Override
  public void end() {
    Choice choice = generation.choices().getFirst();
    if (!generation.sampling().stream()) {
      ObjectNode body = message();
      body.putArray("content").add(block(choice.output().text()));
      body.put("stop_reason", stopReason(choice.output()));
      body.set("usage", usage(choice, choice.output().tokens().length));
      generation.exchange().json(200, body);
      return;
    }
    send("content_block_stop", Json.object().put("type", "content_block_stop").put("index", 0));
    ObjectNode delta = Json.object().put("type", "message_delta");
    delta.putObject("delta").put("stop_reason", stopReason(choice.output()));
    delta.set("usage", usage(choice, choice.output().tokens().length));
    send("message_delta", delta);
    send("message_stop", Json.object().put("type", "message_stop"));
    generation.exchange().endStream();
  }

  private void send(String name, ObjectNode event) {
    generation.exchange().event(name, Json.text(event));
  }

  private ObjectNode message() {
    return Json.object()
        .put("id", id)
        .put("type", "message")
        .put("role", "assistant")
        .put("model", generation.model());
  }

  private ObjectNode block(String text) {
    if (tool == null) {
      return Json.object().put("type", "text").put("text", text);
    }
    ObjectNode block =
        Json.object()
            .put("type", "tool_use")
            .put("id", "toolu_" + Integer.toHexString(id.hashCode()))
            .put("name", tool);
    block.set("input", text.isEmpty() ? Json.object() : Json.read(text));
    return block;
  }

  /** Input tokens are those neither read from the cache nor put there, when they are told apart. */
  private ObjectNode usage(Choice choice, int outputTokens) {
    int cached = details ? Usage.cachedTokens(choice) : 0;
    int created = details ? Usage.createdTokens(generation, choice) : 0;
    ObjectNode usage =
        Json.object()
            .put("input_tokens", choice.prompt().length - cached - created)
            .put("output_tokens", outputTokens);
    return details
        ? usage.put("cache_creation_input_tokens", created).put("cache_read_input_tokens", cached)
        : usage;
  }

  private String stopReason(Output output) {
    if (output.finishReason().equals("length")) {
      return "max_tokens";
    }
    return tool == null ? "end_turn" : "tool_use";
  }
}
