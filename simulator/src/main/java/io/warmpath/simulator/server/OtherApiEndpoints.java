package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The generating endpoints beside completions and chat: {@code /v1/responses}, Anthropic's {@code
 * /v1/messages} and {@code /v1/embeddings}. All turn into prompts of the same chat template.
 */
final class OtherApiEndpoints {

  private static final int DEFAULT_DIMENSIONS = 64;
  private static final int MAX_DIMENSIONS = 8_192;

  private final EngineLoop loop;
  private final ServedModels models;
  private final StoredResponses stored = new StoredResponses();

  OtherApiEndpoints(EngineLoop loop, ServedModels models) {
    this.loop = loop;
    this.models = models;
  }

  /** Serves {@code /v1/responses}. */
  void responses(Exchange exchange) throws ApiException {
    RequestFields fields = RequestFields.read(exchange.body(), "");
    String model = models.check(fields.string("model"));
    ArrayNode messages = Json.array();
    String instructions = fields.string("instructions");
    if (instructions != null) {
      messages.addObject().put("role", "system").put("content", instructions);
    }
    ArrayNode conversation = stored.conversation(fields.string("previous_response_id"));
    addInput(fields.get("input"), conversation);
    messages.addAll(conversation);
    Long maxTokens = fields.integer("max_output_tokens");
    String prompt = ChatTemplate.render(messages, fields.get("tools"), true);
    Generation generation = generation(exchange, fields, model, prompt, maxTokens, null);
    ObjectNode asked = Json.object();
    for (String name : new String[] {"instructions", "metadata", "previous_response_id", "user"}) {
      asked.set(name, fields.get(name));
    }
    asked.put("parallel_tool_calls", true).put("tool_choice", "auto").put("service_tier", "auto");
    asked.set("tools", fields.get("tools") == null ? Json.array() : fields.get("tools"));
    asked.put("max_output_tokens", maxTokens).put("truncation", "disabled");
    String id = RequestIds.of(exchange, fields, "resp_");
    generation.start(
        new ResponsesFormat(
            generation,
            id,
            Clock.unixSeconds(),
            details(),
            asked,
            (response, text) -> stored.add(response, conversation, text)));
  }

  /** Serves a response that was made before. */
  void storedResponse(Exchange exchange, String rest) throws ApiException {
    stored.serve(exchange, rest);
  }

  /** Serves {@code /v1/messages}; errors have Anthropic's form. */
  void messages(Exchange exchange) throws ApiException {
    RequestFields fields = RequestFields.read(exchange.body(), "");
    String model = models.check(fields.string("model"));
    Long maxTokens = fields.integer("max_tokens");
    if (maxTokens == null) {
      throw new ApiException(400, "Bad Request", "max_tokens: Field required", "max_tokens");
    }
    JsonNode tool = forcedTool(fields);
    String forced = tool == null ? null : ForcedOutput.sample(tool.path("input_schema"));
    Generation generation =
        generation(exchange, fields, model, messagesPrompt(fields), maxTokens, forced);
    String name = tool == null ? null : tool.path("name").asText();
    String id = RequestIds.of(exchange, fields, "chatcmpl-");
    generation.start(new MessagesFormat(generation, id, name, details()));
  }

  /** Serves {@code /v1/messages/count_tokens}. */
  void countTokens(Exchange exchange) throws ApiException {
    RequestFields fields = RequestFields.read(exchange.body(), "");
    models.check(fields.string("model"));
    int tokens = Tokenizer.encode(messagesPrompt(fields)).length;
    exchange.json(200, Json.object().put("input_tokens", tokens));
  }

  /** Serves {@code /v1/embeddings}; each input costs its prefill. */
  void embeddings(Exchange exchange) throws ApiException {
    RequestFields fields = RequestFields.read(exchange.body(), "input");
    String model = models.check(fields.string("model"));
    RequestFields.TokenInput input = fields.input();
    if (input == null) {
      throw new ApiException(400, "Bad Request", "input: Field required", "input");
    }
    long dimensions = fields.integer("dimensions", DEFAULT_DIMENSIONS);
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw ApiException.badRequest(
          "dimensions must be in 1.." + MAX_DIMENSIONS + ", got " + dimensions + ".", "dimensions");
    }
    boolean base64 = fields.string("encoding_format", "float").equals("base64");
    Generation generation = new Generation(loop, exchange, Sampling.of(fields), model);
    List<int[]> prompts = new ArrayList<>(input.tokens());
    input.texts().forEach(text -> prompts.add(Tokenizer.encode(text)));
    for (int[] prompt : prompts) {
      generation.addPrompt(prompt, 1, null);
    }
    if (prompts.isEmpty()) {
      throw ApiException.badRequest("The input list is empty.", "input");
    }
    String id = RequestIds.of(exchange, fields, "embd-");
    generation.start(new EmbeddingFormat(generation, id, (int) dimensions, base64));
  }

  private Generation generation(
      Exchange exchange,
      RequestFields fields,
      String model,
      String prompt,
      @Nullable Long maxTokens,
      @Nullable String forced)
      throws ApiException {
    if (maxTokens != null && maxTokens < 1) {
      throw ApiException.badRequest(
          "max_tokens must be at least 1, got " + maxTokens + ".", "max_tokens");
    }
    Generation generation = new Generation(loop, exchange, Sampling.of(fields), model);
    int most = maxTokens == null ? 0 : (int) Math.min(maxTokens, Integer.MAX_VALUE);
    generation.addPrompt(Tokenizer.encode(prompt), most, forced);
    return generation;
  }

  private boolean details() {
    return loop.settings().promptTokensDetails();
  }

  /** Adds a text, or a list of messages and other items, to a conversation. */
  private static void addInput(@Nullable JsonNode input, ArrayNode messages) throws ApiException {
    if (input == null) {
      throw new ApiException(400, "Bad Request", "input: Field required", "input");
    }
    if (input.isTextual()) {
      messages.addObject().put("role", "user").set("content", input);
      return;
    }
    for (JsonNode item : input) {
      if (item.hasNonNull("role")) {
        messages.add(item);
      } else {
        messages.addObject().put("role", "tool").put("content", Json.text(item));
      }
    }
  }

  private static String messagesPrompt(RequestFields fields) throws ApiException {
    JsonNode given = fields.get("messages");
    ArrayNode messages = Json.array();
    JsonNode system = fields.get("system");
    if (system != null) {
      messages.addObject().put("role", "system").set("content", system);
    }
    if (given != null) {
      given.forEach(messages::add);
    }
    if (given == null || given.isEmpty()) {
      throw ApiException.badRequest("messages must have at least one message.", "messages");
    }
    return ChatTemplate.render(messages, fields.get("tools"), true);
  }

  /** Returns the tool that must be used, or null. */
  private static @Nullable JsonNode forcedTool(RequestFields fields) {
    JsonNode choice = fields.get("tool_choice");
    JsonNode tools = fields.get("tools");
    if (choice == null || tools == null || tools.isEmpty()) {
      return null;
    }
    if (choice.path("type").asText("").equals("any")) {
      return tools.get(0);
    }
    String wanted = choice.path("name").asText("");
    for (JsonNode tool : tools) {
      if (tool.path("name").asText("").equals(wanted)) {
        return tool;
      }
    }
    return null;
  }
}
