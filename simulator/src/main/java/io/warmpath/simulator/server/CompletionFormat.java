package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** Answers of {@code /v1/completions}: one body, or a stream of chunks. */
final class CompletionFormat implements ResponseFormat {

  private final Generation generation;
  private final Options options;
  private final String id;
  private final long createdSeconds;
  private final String chunkStart;

  /**
   * What only this endpoint knows.
   *
   * @param echo whether the prompt's text comes before the output
   * @param withOutput whether there is output: false for an echo of 0 tokens
   * @param logprobs alternatives to tell for each token, or null for none
   * @param details whether usage tells cached tokens
   */
  record Options(boolean echo, boolean withOutput, @Nullable Integer logprobs, boolean details) {}

  CompletionFormat(Generation generation, Options options, String id, long createdSeconds) {
    this.generation = generation;
    this.options = options;
    this.id = id;
    this.createdSeconds = createdSeconds;
    chunkStart =
        "{\"id\":"
            + Json.quoted(id)
            + ",\"object\":\"text_completion\",\"created\":"
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
    if (generation.sampling().stream()) {
      generation.exchange().event(null, chunk(choice, position));
    }
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

  private StringBuilder chunk(Choice choice, int position) {
    Output output = choice.output();
    boolean last = choice.isLast(position);
    boolean first = position == 0;
    StringBuilder chunk = new StringBuilder(chunkStart.length() + 200).append(chunkStart);
    chunk.append("{\"index\":").append(choice.index()).append(",\"text\":");
    Json.quote(echoed(choice, first) + visible(output, position, position + 1), chunk);
    chunk.append(",\"logprobs\":");
    chunk.append(logprobs(choice, position, position + 1));
    chunk.append(",\"finish_reason\":");
    chunk.append(last ? Json.quoted(output.finishReason()) : "null");
    chunk.append(",\"stop_reason\":").append(last ? stopReason(output) : "null");
    boolean ids = generation.sampling().returnTokenIds();
    int[] prompt = choice.prompt();
    chunk.append(",\"prompt_token_ids\":");
    chunk.append(ids && first ? Json.array(prompt, 0, prompt.length) : "null");
    chunk.append(",\"token_ids\":");
    chunk.append(ids ? Json.array(output.tokens(), position, position + 1) : "null");
    chunk.append("}]");
    if (generation.sampling().continuousUsage()) {
      chunk.append(",\"usage\":").append(Json.text(Usage.soFar(choice, position + 1)));
    }
    return chunk.append('}');
  }

  private ObjectNode body() {
    ObjectNode body =
        Json.object()
            .put("id", id)
            .put("object", "text_completion")
            .put("created", createdSeconds)
            .put("model", generation.model());
    var choices = body.putArray("choices");
    for (Choice choice : generation.choices()) {
      Output output = choice.output();
      int count = output.tokens().length;
      ObjectNode entry =
          choices
              .addObject()
              .put("index", choice.index())
              .put("text", echoed(choice, true) + visible(output, 0, count));
      entry.set("logprobs", logprobs(choice, 0, count));
      entry.put("finish_reason", output.finishReason());
      entry.putPOJO("stop_reason", output.stopReason());
      boolean ids = generation.sampling().returnTokenIds();
      entry.set("token_ids", ids ? Json.array(output.tokens(), 0, count) : null);
      entry.putNull("prompt_logprobs");
      entry.set(
          "prompt_token_ids", ids ? Json.array(choice.prompt(), 0, choice.prompt().length) : null);
    }
    body.putNull("service_tier").putNull("system_fingerprint");
    ObjectNode usage = Usage.total(generation, generation.choices().getLast(), options.details());
    if (!options.details()) {
      usage.putNull("prompt_tokens_details");
    }
    body.set("usage", usage);
    return body.putNull("kv_transfer_params");
  }

  private String echoed(Choice choice, boolean first) {
    return first && options.echo() ? Tokenizer.decode(choice.prompt()) : "";
  }

  private String visible(Output output, int from, int to) {
    return options.withOutput() ? output.text(from, to) : "";
  }

  private @Nullable ObjectNode logprobs(Choice choice, int from, int to) {
    if (options.logprobs() == null) {
      return null;
    }
    int offset = choice.output().text(0, from).length();
    return Logprobs.ofCompletion(choice.output().tokens(), from, to, options.logprobs(), offset);
  }

  private static String stopReason(Output output) {
    Object reason = output.stopReason();
    return reason instanceof String text ? Json.quoted(text) : String.valueOf(reason);
  }
}
