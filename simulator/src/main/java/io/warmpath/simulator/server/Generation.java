package io.warmpath.simulator.server;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.engine.BlockHash;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The work of one HTTP request: some prompts, each with some completions, run by the engine
 * together and aborted together when the client leaves.
 */
final class Generation {

  private static final int UNAVAILABLE = 503;

  private final EngineLoop loop;
  private final Exchange exchange;
  private final Sampling sampling;
  private final String model;
  private final String loraAdapter;
  private final long keyRoot;
  private final List<Choice> choices = new ArrayList<>();

  private @Nullable ResponseFormat format;
  private int promptCount;
  private int unfinished;

  /**
   * Makes one without prompts.
   *
   * @param model the name the client asked for: the base model or a LoRA adapter
   */
  Generation(EngineLoop loop, Exchange exchange, Sampling sampling, String model) {
    this.loop = loop;
    this.exchange = exchange;
    this.sampling = sampling;
    this.model = model;
    loraAdapter = model.equals(loop.settings().model()) ? "" : model;
    keyRoot = BlockHash.root(loraAdapter, sampling.cacheSalt());
  }

  Exchange exchange() {
    return exchange;
  }

  Sampling sampling() {
    return sampling;
  }

  String model() {
    return model;
  }

  String loraAdapter() {
    return loraAdapter;
  }

  long keyRoot() {
    return keyRoot;
  }

  int blockSizeTokens() {
    return loop.settings().profile().blockSizeTokens();
  }

  List<Choice> choices() {
    return choices;
  }

  /**
   * Adds the completions of one prompt.
   *
   * @param maxTokens asked length of the output, 0 for the model's own choice
   * @param forcedText what the output must say, or null
   * @throws ApiException if the prompt is empty or too long
   */
  void addPrompt(int[] prompt, int maxTokens, @Nullable String forcedText) throws ApiException {
    int limit = checkLength(prompt, maxTokens);
    for (int i = 0; i < sampling.n(); i++) {
      Output output = Output.plan(prompt, sampling, i, forcedText, maxTokens, limit);
      choices.add(new Choice(this, promptCount * sampling.n() + i, prompt, output));
    }
    promptCount++;
  }

  /**
   * Hands all to the engine.
   *
   * @throws ApiException if the engine has too many requests
   */
  void start(ResponseFormat responseFormat) throws ApiException {
    if (!loop.metrics().admit(choices.size(), loop.settings().maxQueuedRequests())) {
      throw new ApiException(
          UNAVAILABLE, "ServiceUnavailableError", "The engine's request queue is full.", null);
    }
    format = responseFormat;
    unfinished = choices.size();
    exchange.onDisconnect(this::abort);
    for (Choice choice : choices) {
      loop.submit(choice.request());
    }
    responseFormat.start();
  }

  /** Ends whatever still runs, without an answer. */
  void abort() {
    for (Choice choice : choices) {
      if (loop.abort(choice.request())) {
        loop.metrics().aborted();
      }
    }
  }

  /** Tokens of all prompts, each counted once. */
  int promptTokens() {
    @Var int sum = 0;
    for (int i = 0; i < choices.size(); i += sampling.n()) {
      sum += choices.get(i).prompt().length;
    }
    return sum;
  }

  /** Tokens decoded so far for all choices. */
  int completionTokens() {
    return choices.stream().mapToInt(choice -> choice.request().decodedTokens()).sum();
  }

  /** The first token of a choice was decoded. */
  void firstToken(Choice choice) {
    loop.metrics().firstToken(choice);
    Objects.requireNonNull(format).token(choice, 0);
  }

  /** One more token of a choice was decoded. */
  void nextToken(Choice choice, long sinceLastNanos) {
    loop.metrics().nextToken(sinceLastNanos);
    Objects.requireNonNull(format).token(choice, choice.request().decodedTokens() - 1);
  }

  /** The last token of a choice was decoded. */
  void finished(Choice choice, long atNanos) {
    loop.metrics().finished(choice, sampling.n(), atNanos);
    if (--unfinished == 0) {
      Objects.requireNonNull(format).end();
    }
  }

  /** Returns how many tokens may follow the prompt. */
  private int checkLength(int[] prompt, int maxTokens) throws ApiException {
    int longest = loop.settings().profile().maxModelLenTokens();
    if (prompt.length == 0) {
      throw ApiException.badRequest("The decoder prompt cannot be empty", "prompt");
    }
    if (prompt.length >= longest) {
      throw ApiException.badRequest(
          "This model's maximum context length is "
              + longest
              + " tokens. However, your request has "
              + prompt.length
              + " input tokens. Please reduce the length of the input messages.",
          "input_tokens");
    }
    if ((long) prompt.length + maxTokens > longest) {
      throw ApiException.badRequest(
          "This model's maximum context length is "
              + longest
              + " tokens. However, you requested "
              + maxTokens
              + " output tokens and your prompt contains at least "
              + prompt.length
              + " input tokens. Please reduce the length of the input prompt or the number of"
              + " requested output tokens.",
          "input_tokens");
    }
    return longest - prompt.length;
  }
}
