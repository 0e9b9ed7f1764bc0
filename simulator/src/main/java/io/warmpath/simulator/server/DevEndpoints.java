package io.warmpath.simulator.server;

/** Endpoints that change the engine, which vLLM has in development mode or with LoRA updates. */
final class DevEndpoints {

  private static final String TEXT = "text/plain; charset=utf-8";
  private static final int MAX_LEVEL = 2;

  private final EngineLoop loop;
  private final ServedModels models;

  DevEndpoints(EngineLoop loop, ServedModels models) {
    this.loop = loop;
    this.models = models;
  }

  /** Puts the engine to sleep: what runs is ended, the cache is lost, new requests wait. */
  void sleep(Exchange exchange) throws ApiException {
    String level = exchange.query("level");
    if (level != null && !level.equals("1") && !level.equals("2")) {
      throw ApiException.badRequest("level must be in 1.." + MAX_LEVEL + ".", "level");
    }
    loop.sleep(level == null ? 1 : Integer.parseInt(level));
    exchange.empty(200);
  }

  void wakeUp(Exchange exchange) {
    loop.wakeUp();
    exchange.empty(200);
  }

  void isSleeping(Exchange exchange) {
    exchange.json(200, Json.object().put("is_sleeping", loop.metrics().isAsleep()));
  }

  /** Forgets all cached content, unless requests run. */
  void resetPrefixCache(Exchange exchange) {
    loop.model().clearCache();
    exchange.empty(200);
  }

  void loadAdapter(Exchange exchange) throws ApiException {
    String name = adapter(exchange);
    if (!models.load(name)) {
      throw new ApiException(
          400,
          "InvalidUserInput",
          "The lora adapter '" + name + "' has already been loaded.",
          "lora_name");
    }
    exchange.text(200, TEXT, "Success: LoRA adapter '" + name + "' added successfully.");
  }

  void unloadAdapter(Exchange exchange) throws ApiException {
    String name = adapter(exchange);
    if (!models.unload(name)) {
      throw new ApiException(
          404, "NotFoundError", "The lora adapter '" + name + "' cannot be found.", "lora_name");
    }
    exchange.text(200, TEXT, "Success: LoRA adapter '" + name + "' removed successfully.");
  }

  private static String adapter(Exchange exchange) throws ApiException {
    String name = RequestFields.read(exchange.body(), "").string("lora_name", "");
    if (name.isEmpty()) {
      throw new ApiException(
          400, "InvalidUserInput", "'lora_name' needs to be provided.", "lora_name");
    }
    return name;
  }
}
