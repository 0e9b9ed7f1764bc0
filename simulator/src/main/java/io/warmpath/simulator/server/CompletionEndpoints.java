package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The generating endpoints of the OpenAI API: {@code /v1/completions} and chat. */
final class CompletionEndpoints {

  private static final int DEFAULT_COMPLETION_TOKENS = 16;
  private static final int MAX_LOGPROBS = 20;

  private final EngineLoop loop;
  private final ServedModels models;

  CompletionEndpoints(EngineLoop loop, ServedModels models) {
    this.loop = loop;
    this.models = models;
  }

  /** Serves {@code /v1/completions}. */
  void completions(Exchange exchange) throws ApiException {
    RequestFields fields = RequestFields.read(exchange.body(), "prompt");
    String model = models.check(fields.string("model"));
    Sampling sampling = Sampling.of(fields);
    boolean echo = fields.bool("echo");
    int maxTokens = (int) fields.integer("max_tokens", DEFAULT_COMPLETION_TOKENS);
    boolean withOutput = maxTokens > 0 || !echo;
    checkMaxTokens(withOutput ? maxTokens : 1);
    Generation generation = new Generation(loop, exchange, sampling, model);
    String forced = ForcedOutput.of(fields);
    for (int[] prompt : prompts(fields.input())) {
      generation.addPrompt(prompt, withOutput ? maxTokens : 1, forced);
    }
    Long logprobs = fields.integer("logprobs");
    CompletionFormat.Options options =
        new CompletionFormat.Options(
            echo,
            withOutput,
            logprobs == null ? null : checkLogprobs(logprobs, "logprobs"),
            loop.settings().promptTokensDetails());
    String id = RequestIds.of(exchange, fields, "cmpl-");
    generation.start(new CompletionFormat(generation, options, id, Clock.unixSeconds()));
  }

  /** Serves {@code /v1/chat/completions}. */
  void chat(Exchange exchange) throws ApiException {
    RequestFields fields = RequestFields.read(exchange.body(), "");
    String model = models.check(fields.string("model"));
    Sampling sampling = Sampling.of(fields);
    boolean openAnswer =
        fields.get("add_generation_prompt") == null || fields.bool("add_generation_prompt");
    String prompt = ChatTemplate.render(fields.get("messages"), fields.get("tools"), openAnswer);
    Long asked = fields.integer("max_completion_tokens");
    Long maxTokens = asked == null ? fields.integer("max_tokens") : asked;
    if (maxTokens != null) {
      checkMaxTokens(maxTokens);
    }
    ToolCall tool = ToolCall.of(fields);
    String forced = tool == null ? ForcedOutput.of(fields) : tool.arguments();
    Generation generation = new Generation(loop, exchange, sampling, model);
    generation.addPrompt(
        Tokenizer.encode(prompt), maxTokens == null ? 0 : maxTokens.intValue(), forced);
    ChatFormat.Options options =
        new ChatFormat.Options(
            chatLogprobs(fields),
            tool == null ? null : tool.name(),
            tool != null && tool.named(),
            loop.settings().promptTokensDetails());
    String id = RequestIds.of(exchange, fields, "chatcmpl-");
    generation.start(new ChatFormat(generation, options, id, Clock.unixSeconds()));
  }

  /** Returns the token ids of each prompt. */
  private static List<int[]> prompts(RequestFields.@Nullable TokenInput input) throws ApiException {
    if (input == null
        || (input.texts().isEmpty() && input.tokens().isEmpty())
        || (input.texts().size() == 1 && input.texts().getFirst().isEmpty())) {
      throw ApiException.badRequest(
          "Either prompt or prompt_embeds must be provided and non-empty.", "prompt");
    }
    List<int[]> prompts = new ArrayList<>(input.tokens());
    input.texts().forEach(text -> prompts.add(Tokenizer.encode(text)));
    return prompts;
  }

  private static void checkMaxTokens(long maxTokens) throws ApiException {
    if (maxTokens < 1) {
      throw ApiException.badRequest(
          "max_tokens must be at least 1, got " + maxTokens + ".", "max_tokens");
    }
  }

  private static @Nullable Integer chatLogprobs(RequestFields fields) throws ApiException {
    long top = fields.integer("top_logprobs", 0);
    if (fields.bool("logprobs")) {
      return checkLogprobs(top, "top_logprobs");
    }
    JsonNode asked = fields.get("top_logprobs");
    if (asked != null && top > 0) {
      throw ApiException.badRequest(
          "when using `top_logprobs`, `logprobs` must be set to true.", "top_logprobs");
    }
    return null;
  }

  private static int checkLogprobs(long count, String name) throws ApiException {
    if (count < 0 || count > MAX_LOGPROBS) {
      throw ApiException.badRequest(
          name + " must be in 0.." + MAX_LOGPROBS + ", got " + count + ".", name);
    }
    return (int) count;
  }
}
