package io.warmpath.router;

import java.util.List;

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

  private static final List<String> NEVER_RELAYED =
      List.of("/v1/load_lora_adapter", "/v1/unload_lora_adapter");

  private HttpPaths() {}

  /** Returns the path of a request's target, without its query. */
  static String path(String target) {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  /** Whether requests to {@code path} go on to an engine. */
  static boolean relayed(String path) {
    if (path.contains("..") || path.contains("//") || NEVER_RELAYED.contains(path)) {
      return false;
    }
    for (String allowed : DEFAULT_RELAYED) {
      if (path.equals(allowed) || (allowed.endsWith("/") && path.startsWith(allowed))) {
        return true;
      }
    }
    return false;
  }
}
