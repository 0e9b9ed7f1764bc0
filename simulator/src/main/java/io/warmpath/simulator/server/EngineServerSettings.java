package io.warmpath.simulator.server;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.engine.EngineProfile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one simulated engine serves and how.
 *
 * @param host address to listen on
 * @param port port to listen on, 0 for any free one
 * @param model served model name
 * @param profile engine to imitate
 * @param loraAdapters adapters that requests may name as their model
 * @param promptTokensDetails whether usage tells cached tokens, as {@code
 *     --enable-prompt-tokens-details} does; a real engine does not by default
 * @param requestIdHeaders whether answers echo {@code X-Request-Id}, as {@code
 *     --enable-request-id-headers} does
 * @param kvEvents where cache events are published, or null for nowhere
 * @param maxQueuedRequests requests accepted and unfinished at most; more are refused with 503
 * @param maxBodyBytes longest request body
 */
public record EngineServerSettings(
    String host,
    int port,
    String model,
    EngineProfile profile,
    @Var List<String> loraAdapters,
    boolean promptTokensDetails,
    boolean requestIdHeaders,
    @Nullable KvEventSettings kvEvents,
    int maxQueuedRequests,
    int maxBodyBytes) {

  private static final int DEFAULT_QUEUED_REQUESTS = 16_384;
  private static final int DEFAULT_BODY_BYTES = 64 << 20;
  private static final int MAX_PORT = 65_535;

  public EngineServerSettings {
    loraAdapters = List.copyOf(loraAdapters);
    if (model.isEmpty()) {
      throw new IllegalArgumentException("model name is empty");
    }
    if (port < 0 || port > MAX_PORT) {
      throw new IllegalArgumentException("port " + port + " is not in 0.." + MAX_PORT);
    }
    if (maxQueuedRequests < 1 || maxBodyBytes < 1) {
      throw new IllegalArgumentException(
          "maxQueuedRequests " + maxQueuedRequests + ", maxBodyBytes " + maxBodyBytes);
    }
  }

  /** A server of {@code model} on a free port of the loopback address, cached tokens told. */
  public static EngineServerSettings of(String model, EngineProfile profile) {
    return new EngineServerSettings(
        "127.0.0.1",
        0,
        model,
        profile,
        List.of(),
        true,
        false,
        null,
        DEFAULT_QUEUED_REQUESTS,
        DEFAULT_BODY_BYTES);
  }

  /** Returns these settings with another address. */
  public EngineServerSettings listeningOn(String newHost, int newPort) {
    return new EngineServerSettings(
        newHost,
        newPort,
        model,
        profile,
        loraAdapters,
        promptTokensDetails,
        requestIdHeaders,
        kvEvents,
        maxQueuedRequests,
        maxBodyBytes);
  }

  /** Returns these settings with LoRA adapters. */
  public EngineServerSettings withLoraAdapters(List<String> newLoraAdapters) {
    return new EngineServerSettings(
        host,
        port,
        model,
        profile,
        newLoraAdapters,
        promptTokensDetails,
        requestIdHeaders,
        kvEvents,
        maxQueuedRequests,
        maxBodyBytes);
  }

  /** Returns these settings with or without cached tokens in usage. */
  public EngineServerSettings withPromptTokensDetails(boolean enabled) {
    return new EngineServerSettings(
        host,
        port,
        model,
        profile,
        loraAdapters,
        enabled,
        requestIdHeaders,
        kvEvents,
        maxQueuedRequests,
        maxBodyBytes);
  }

  /** Returns these settings with or without echoed request ids. */
  public EngineServerSettings withRequestIdHeaders(boolean enabled) {
    return new EngineServerSettings(
        host,
        port,
        model,
        profile,
        loraAdapters,
        promptTokensDetails,
        enabled,
        kvEvents,
        maxQueuedRequests,
        maxBodyBytes);
  }

  /** Returns these settings publishing cache events. */
  public EngineServerSettings withKvEvents(KvEventSettings newKvEvents) {
    return new EngineServerSettings(
        host,
        port,
        model,
        profile,
        loraAdapters,
        promptTokensDetails,
        requestIdHeaders,
        newKvEvents,
        maxQueuedRequests,
        maxBodyBytes);
  }

  /** Returns these settings with other limits. */
  public EngineServerSettings withLimits(int newMaxQueuedRequests, int newMaxBodyBytes) {
    return new EngineServerSettings(
        host,
        port,
        model,
        profile,
        loraAdapters,
        promptTokensDetails,
        requestIdHeaders,
        kvEvents,
        newMaxQueuedRequests,
        newMaxBodyBytes);
  }
}
