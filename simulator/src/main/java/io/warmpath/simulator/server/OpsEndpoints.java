package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** Endpoints that tell about the engine or tokenize, and generate nothing. */
final class OpsEndpoints {

  /** The version this server imitates. */
  static final String VERSION = "0.32.0";

  private static final String METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final EngineLoop loop;
  private final ServedModels models;
  private final Faults faults;
  private final KvEventPublisher.@Nullable Endpoints events;

  OpsEndpoints(
      EngineLoop loop,
      ServedModels models,
      Faults faults,
      KvEventPublisher.@Nullable Endpoints events) {
    this.loop = loop;
    this.models = models;
    this.faults = faults;
    this.events = events;
  }

  void health(Exchange exchange) {
    exchange.empty(faults.isUnhealthy() ? 503 : 200);
  }

  void version(Exchange exchange) {
    exchange.json(200, Json.object().put("version", VERSION));
  }

  void models(Exchange exchange) {
    exchange.json(200, models.list());
  }

  void load(Exchange exchange) {
    exchange.json(200, Json.object().put("server_load", loop.metrics().inFlight()));
  }

  /** Tells where cache events are published, by data-parallel rank. */
  void kvEventSources(Exchange exchange) {
    ObjectNode sources = Json.object();
    KvEventSettings settings = loop.settings().kvEvents();
    if (events != null && settings != null) {
      sources
          .putObject("0")
          .put("enable_kv_cache_events", true)
          .put("publisher", "zmq")
          .put("endpoint", events.events())
          .put("replay_endpoint", events.replay())
          .put("buffer_steps", settings.bufferedBatches())
          .put("hwm", KvEventPublisher.HIGH_WATER_MARK)
          .put("max_queue_size", settings.queuedBatches())
          .put("topic", settings.topic());
    }
    exchange.json(200, sources);
  }

  void metrics(Exchange exchange) {
    if (faults.isMetricsHanging()) {
      return;
    }
    String garbage = faults.metricsBody();
    exchange.text(200, METRICS_TYPE, garbage == null ? page() : garbage);
  }

  void tokenize(Exchange exchange) throws ApiException {
    RequestFields fields = RequestFields.read(exchange.body(), "");
    models.check(fields.string("model"));
    int[] tokens = Tokenizer.encode(text(fields));
    ObjectNode body =
        Json.object()
            .put("count", tokens.length)
            .put("max_model_len", loop.settings().profile().maxModelLenTokens());
    body.set("tokens", Json.array(tokens, 0, tokens.length));
    if (fields.bool("return_token_strs")) {
      var texts = body.putArray("token_strs");
      for (int token : tokens) {
        texts.add(Tokenizer.decode(token));
      }
    } else {
      body.putNull("token_strs");
    }
    exchange.json(200, body);
  }

  void detokenize(Exchange exchange) throws ApiException {
    RequestFields fields = RequestFields.read(exchange.body(), "tokens");
    models.check(fields.string("model"));
    RequestFields.TokenInput input = fields.input();
    if (input == null || !input.texts().isEmpty() || input.tokens().size() > 1) {
      throw RequestFields.wrongType("tokens", "list of integers");
    }
    int[] tokens = input.tokens().isEmpty() ? new int[0] : input.tokens().getFirst();
    exchange.json(200, Json.object().put("prompt", Tokenizer.decode(tokens)));
  }

  private static String text(RequestFields fields) throws ApiException {
    @Nullable String prompt = fields.string("prompt");
    if (prompt != null) {
      return prompt;
    }
    boolean openAnswer =
        fields.get("add_generation_prompt") == null || fields.bool("add_generation_prompt");
    return ChatTemplate.render(fields.get("messages"), fields.get("tools"), openAnswer);
  }

  private String page() {
    return loop.metrics().page(loop.model());
  }
}
