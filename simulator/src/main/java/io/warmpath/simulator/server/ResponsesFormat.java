package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Answers of {@code /v1/responses}: one body, or a stream of named, numbered events. */
final class ResponsesFormat implements ResponseFormat {

  private static final String DELTA = "response.output_text.delta";

  private final Generation generation;
  private final String id;
  private final long createdSeconds;
  private final boolean details;
  private final ObjectNode asked;
  private final BiConsumer<ObjectNode, String> finished;
  private final String itemId;
  private int nextEvent;

  /**
   * Answers a generation of one choice.
   *
   * @param details whether usage tells cached tokens
   * @param asked fields of the request that the answer repeats
   * @param finished gets the whole response and its text
   */
  ResponsesFormat(
      Generation generation,
      String id,
      long createdSeconds,
      boolean details,
      ObjectNode asked,
      BiConsumer<ObjectNode, String> finished) {
    this.generation = generation;
    this.id = id;
    this.createdSeconds = createdSeconds;
    this.details = details;
    this.asked = asked;
    this.finished = finished;
    itemId = "msg_" + id;
  }

  @Override
  public void start() {
    if (!generation.sampling().stream()) {
      return;
    }
    generation.exchange().startStream();
    send("response.created", response("in_progress"));
    send("response.in_progress", response("in_progress"));
  }

  @Override
  public void token(Choice choice, int position) {
    if (!generation.sampling().stream()) {
      return;
    }
    if (position == 0) {
      ObjectNode added = Json.object().put("output_index", 0);
      added.set("item", item("in_progress", null));
      sendFields("response.output_item.added", added);
      sendFields("response.content_part.added", part("part", content("")));
    }
    String text = choice.output().text(position, position + 1);
    if (!text.isEmpty()) {
      sendFields(DELTA, part("logprobs", Json.array()).put("delta", text));
    }
  }

  @Override
  public void end() {
    Output output = generation.choices().getFirst().output();
    ObjectNode response = response(isCut(output) ? "incomplete" : "completed");
    response.putArray("output").add(item("completed", output.text()));
    response.set("usage", usage());
    if (isCut(output)) {
      response.putObject("incomplete_details").put("reason", "max_output_tokens");
    }
    finished.accept(response, output.text());
    if (!generation.sampling().stream()) {
      generation.exchange().json(200, response);
      return;
    }
    sendFields(
        "response.output_text.done", part("logprobs", Json.array()).put("text", output.text()));
    sendFields("response.content_part.done", part("part", content(output.text())));
    ObjectNode done = Json.object().put("output_index", 0);
    done.set("item", item("completed", output.text()));
    sendFields("response.output_item.done", done);
    send(isCut(output) ? "response.incomplete" : "response.completed", response);
    generation.exchange().endStream();
  }

  private static boolean isCut(Output output) {
    return output.finishReason().equals("length");
  }

  private void send(String type, ObjectNode response) {
    ObjectNode event = Json.object();
    event.set("response", response);
    sendFields(type, event);
  }

  private void sendFields(String type, ObjectNode fields) {
    fields.put("sequence_number", nextEvent++).put("type", type);
    generation.exchange().event(type, Json.text(fields));
  }

  /** Fields of an event about the one part of the one item. */
  private ObjectNode part(String name, JsonNode value) {
    ObjectNode part =
        Json.object().put("content_index", 0).put("item_id", itemId).put("output_index", 0);
    part.set(name, value);
    return part;
  }

  private ObjectNode response(String status) {
    ObjectNode response = Json.object().put("id", id).put("created_at", createdSeconds);
    response.putNull("error").putNull("incomplete_details");
    response.put("model", generation.model()).put("object", "response");
    response.putArray("output");
    response.setAll(asked);
    return response.put("status", status).putNull("usage");
  }

  private ObjectNode item(String status, @Nullable String text) {
    ObjectNode item = Json.object().put("id", itemId);
    var content = item.putArray("content");
    if (text != null) {
      content.add(content(text));
    }
    return item.put("role", "assistant").put("status", status).put("type", "message");
  }

  private static ObjectNode content(String text) {
    ObjectNode content = Json.object();
    content.putArray("annotations");
    return content.put("text", text).put("type", "output_text").putNull("logprobs");
  }

  private ObjectNode usage() {
    Choice choice = generation.choices().getFirst();
    int input = choice.prompt().length;
    int output = choice.output().tokens().length;
    ObjectNode usage = Json.object().put("input_tokens", input);
    int cached = details ? Math.max(0, choice.request().cachedTokens()) : 0;
    usage.putObject("input_tokens_details").put("cached_tokens", cached);
    usage.put("output_tokens", output);
    usage.putObject("output_tokens_details").put("reasoning_tokens", 0);
    return usage.put("total_tokens", input + output);
  }
}
