package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** Answers of {@code /v1/chat/completions}: one body, or a stream of chunks. */
final class ChatFormat implements ResponseFormat {

  private final Generation generation;
  private final Options options;
  private final String id;
  private final long createdSeconds;
  private final String chunkStart;
  private boolean rolesSent;

  /**
   * What only this endpoint knows.
   *
   * @param logprobs alternatives to tell for each token, or null for none
   * @param tool name of the function that the output calls, or null for plain text
   * @param toolForced whether the client named the tool, and not the model
   * @param details whether usage tells cached tokens
   */
  record Options(
      @Nullable Integer logprobs, @Nullable String tool, boolean toolForced, boolean details) {}

  ChatFormat(Generation generation, Options options, String id, long createdSeconds) {
    this.generation = generation;
    this.options = options;
    this.id = id;
    this.createdSeconds = createdSeconds;
    chunkStart =
        "{\"id\":"
            + Json.quoted(id)
            + ",\"object\":\"chat.completion.chunk\",\"created\":"
            + createdSeconds
            + ",\"model\":"
            + Json.quoted(generation.model())
            + ",\"choices\":[";
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
    if (!rolesSent) {
      rolesSent = true;
      generation.choices().forEach(this::sendRole);
    }
    generation.exchange().event(null, chunk(choice, position));
  }

  @Override
  public void end() {
    Exchange exchange = generation.exchange();
    if (!generation.sampling().stream()) {
      exchange.json(200, body());
      return;
    }
    if (generation.sampling().includeUsage()) {
      ObjectNode usage =
          Usage.total(generation, generation.choices().getFirst(), options.details());
      exchange.event(null, chunkStart + "],\"usage\":" + Json.text(usage) + "}");
    }
    exchange.event(null, "[DONE]");
    exchange.endStream();
  }

  private void sendRole(Choice choice) {
    StringBuilder chunk = new StringBuilder(chunkStart).append("{\"index\":");
    chunk.append(choice.index());
    chunk.append(",\"delta\":{\"role\":\"assistant\",\"content\":\"\"}");
    chunk.append(",\"logprobs\":null,\"finish_reason\":null}],\"prompt_token_ids\":");
    int[] prompt = choice.prompt();
    boolean ids = generation.sampling().returnTokenIds();
    chunk.append(ids ? Json.array(prompt, 0, prompt.length) : "null");
    if (generation.sampling().continuousUsage()) {
      chunk.append(",\"usage\":").append(Json.text(Usage.soFar(choice, 0)));
    }
    generation.exchange().event(null, chunk.append('}'));
  }

  private StringBuilder chunk(Choice choice, int position) {
    Output output = choice.output();
    boolean last = choice.isLast(position);
    StringBuilder chunk = new StringBuilder(chunkStart.length() + 200).append(chunkStart);
    chunk.append("{\"index\":").append(choice.index()).append(",\"delta\":{");
    appendDelta(output.text(position, position + 1), position == 0, chunk);
    chunk.append("},\"logprobs\":");
    chunk.append(logprobs(choice, position, position + 1));
    chunk.append(",\"finish_reason\":").append(last ? Json.quoted(finishReason(output)) : "null");
    if (last) {
      Object reason = output.stopReason();
      chunk.append(",\"stop_reason\":");
      chunk.append(reason instanceof String text ? Json.quoted(text) : String.valueOf(reason));
    }
    chunk.append(",\"token_ids\":");
    boolean ids = generation.sampling().returnTokenIds();
    chunk.append(ids ? Json.array(output.tokens(), position, position + 1) : "null");
    chunk.append("}]");
    if (generation.sampling().continuousUsage()) {
      chunk.append(",\"usage\":").append(Json.text(Usage.soFar(choice, position + 1)));
    }
    return chunk.append('}');
  }

  private void appendDelta(String text, boolean first, StringBuilder chunk) {
    if (options.tool() == null) {
      chunk.append("\"content\":");
      Json.quote(text, chunk);
      return;
    }
    chunk.append("\"tool_calls\":[{");
    if (first) {
      chunk.append("\"id\":").append(Json.quoted(toolCallId())).append(",\"type\":\"function\",");
    }
    chunk.append("\"index\":0,\"function\":{");
    if (first) {
      chunk.append("\"name\":").append(Json.quoted(options.tool())).append(',');
    }
    chunk.append("\"arguments\":");
    Json.quote(text, chunk);
    chunk.append("}}]");
  }

  private ObjectNode body() {
    ObjectNode body =
        Json.object()
            .put("id", id)
            .put("object", "chat.completion")
            .put("created", createdSeconds)
            .put("model", generation.model());
    var choices = body.putArray("choices");
    for (Choice choice : generation.choices()) {
      Output output = choice.output();
      int count = output.tokens().length;
      ObjectNode entry = choices.addObject().put("index", choice.index());
      entry.set("message", message(output));
      entry.set("logprobs", logprobs(choice, 0, count));
      entry.put("finish_reason", finishReason(output));
      entry.putPOJO("stop_reason", output.stopReason());
      boolean ids = generation.sampling().returnTokenIds();
      entry.set("token_ids", ids ? Json.array(output.tokens(), 0, count) : null);
    }
    body.putNull("service_tier").putNull("system_fingerprint");
    Choice last = generation.choices().getLast();
    ObjectNode usage = Usage.total(generation, last, options.details());
    if (!options.details()) {
      usage.putNull("prompt_tokens_details");
    }
    body.set("usage", usage);
    body.putNull("prompt_logprobs");
    boolean ids = generation.sampling().returnTokenIds();
    body.set("prompt_token_ids", ids ? Json.array(last.prompt(), 0, last.prompt().length) : null);
    return body.putNull("kv_transfer_params");
  }

  private ObjectNode message(Output output) {
    ObjectNode message = Json.object().put("role", "assistant");
    message.put("content", options.tool() == null ? output.text() : null);
    message.putNull("refusal").putNull("annotations").putNull("audio").putNull("function_call");
    if (options.tool() != null) {
      ObjectNode call =
          message
              .putArray("tool_calls")
              .addObject()
              .put("id", toolCallId())
              .put("type", "function");
      call.putObject("function").put("name", options.tool()).put("arguments", output.text());
    }
    return message.putNull("reasoning");
  }

  private String finishReason(Output output) {
    boolean called = options.tool() != null && !options.toolForced();
    return called && output.finishReason().equals("stop") ? "tool_calls" : output.finishReason();
  }

  private String toolCallId() {
    return "chatcmpl-tool-" + Integer.toHexString(id.hashCode());
  }

  private @Nullable ObjectNode logprobs(Choice choice, int from, int to) {
    if (options.logprobs() == null) {
      return null;
    }
    return Logprobs.ofChat(choice.output().tokens(), from, to, options.logprobs());
  }
}
