package io.warmpath.router;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.List;
import java.util.Set;

/** Which of the engine's paths clients may reach through the router. */
final class HttpPaths {

  /**
   * The engine's API. Its operations (metrics, sleep, adapters, cache resets) are not for clients.
   */
  static final List<String> DEFAULT_RELAYED =
      List.of(
          "/v1/",
          "/v2/",
          "/tokenize",
          "/detokenize",
          "/rerank",
          "/score",
          "/classify",
          "/pooling",
          "/inference/",
          "/invocations",
          "/version",
          "/ping");

  /** What fills an engine's cache with its prompt; the rest goes wherever there is room. */
  private static final Set<String> GENERATING =
      Set.of(
          "/v1/completions",
          "/v1/chat/completions",
          "/v1/responses",
          "/v1/messages",
          "/v1/embeddings",
          "/inference/v1/generate",
          "/invocations");

  /** Makes responses that an engine keeps; what is below it is about one of them. */
  private static final String RESPONSES = "/v1/responses";

  private static final String MESSAGES = "/v1/messages";

  private static final String RESPONSE_ID = "resp_";

  /** Whether the router lives. */
  static final String HEALTH = "/health";

  /** Whether it knows of a replica that is ready. */
  static final String READY = "/ready";

  /** The models of the whole fleet. */
  static final String MODELS = "/v1/models";

  private static final List<String> NEVER_RELAYED =
      List.of("/v1/load_lora_adapter", "/v1/unload_lora_adapter");

  private HttpPaths() {}

  /** Returns the path of a request's target, without its query. */
  static String path(String target) {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  /** Whether it is one of the router's own health checks, which need no key. */
  static boolean isHealth(HttpRequest head) {
    String path = path(head.uri());
    return head.method().equals(HttpMethod.GET) && (path.equals(HEALTH) || path.equals(READY));
  }

  /** Whether a request to {@code path} brings a prompt that the engine computes and keeps. */
  static boolean generates(String path) {
    return GENERATING.contains(path);
  }

  /** Whether a request to {@code path} makes a response that its engine may keep. */
  static boolean makesResponse(String path) {
    return path.equals(RESPONSES);
  }

  /** Whether {@code path} is answered as Anthropic's API is. */
  static boolean isMessages(String path) {
    return path.equals(MESSAGES);
  }

  /** Returns the id of the response that a request to {@code path} is about, or nothing. */
  static String responseId(String path) {
    if (!path.startsWith(RESPONSE_ID, RESPONSES.length() + 1) || !path.startsWith(RESPONSES)) {
      return "";
    }
    int end = path.indexOf('/', RESPONSES.length() + 1);
    return path.substring(RESPONSES.length() + 1, end < 0 ? path.length() : end);
  }

  /** Returns the path of the response of that id. */
  static String ofResponse(String id) {
    return RESPONSES + '/' + id;
  }

  /**
   * Whether requests to {@code target} go on to an engine. Judged is what engines make of it: they
   * drop a fragment, and decode the path once before they look for what serves it.
   */
  static boolean relayed(String target) {
    return target.indexOf('#') < 0 && isAllowed(decodedPath(target));
  }

  /** Returns the path as it is after decoding, or nothing where an escape is none. */
  private static String decodedPath(String target) {
    try {
      return new QueryStringDecoder(path(target)).path();
    } catch (IllegalArgumentException malformed) {
      return "";
    }
  }

  private static boolean isAllowed(String path) {
    if (isRoundabout(path) || NEVER_RELAYED.contains(path)) {
      return false;
    }
    for (String allowed : DEFAULT_RELAYED) {
      if (path.equals(allowed) || (allowed.endsWith("/") && path.startsWith(allowed))) {
        return true;
      }
    }
    return false;
  }

  private static boolean isRoundabout(String path) {
    return path.contains("..")
        || path.contains("//")
        || path.contains("/./")
        || path.endsWith("/.");
  }
}
