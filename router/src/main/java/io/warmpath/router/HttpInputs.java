package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.netty.handler.codec.http.HttpHeaders;
import io.warmpath.router.prompt.PromptBody;
import io.warmpath.routing.PickRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an HTTP request says of affinity and routing, in headers and body. */
final class HttpInputs {

  /** Names under which clients and agent harnesses send a session; the first given one wins. */
  private static final List<String> SESSION_HEADERS =
      List.of(
          "x-session-affinity",
          "x-session-id",
          "x-grok-conv-id",
          "x-dynamo-session-id",
          "session-id",
          "x-conversation-id");

  static final String TENANT = "x-tenant-id";
  private static final String PROMPT_CACHE_KEY = "x-prompt-cache-key";
  private static final String ONLY = "x-warmpath-only";
  private static final String IGNORE = "x-warmpath-ignore";
  private static final String ORDER = "x-warmpath-order";
  private static final String ALLOW_FALLBACKS = "x-warmpath-allow-fallbacks";
  private static final String SORT = "x-warmpath-sort";
  private static final int MAX_REPLICAS = 256;

  private HttpInputs() {}

  /**
   * Returns what keeps related requests together: a session header, else the body's session id,
   * else its end user.
   */
  static AffinityInputs affinity(HttpHeaders headers, PromptBody body)
      throws RequestRefusedException {
    @Var String session = body.sessionId().isEmpty() ? body.user() : body.sessionId();
    for (String name : SESSION_HEADERS) {
      String value = headers.get(name);
      if (value != null && !value.isEmpty()) {
        session = value;
        break;
      }
    }
    String cacheKey =
        body.promptCacheKey().isEmpty() ? headers.get(PROMPT_CACHE_KEY, "") : body.promptCacheKey();
    String tenant = headers.get(TENANT, "");
    RequestCheck.atMost("session", session, AffinityInputs.MAX_SESSION_CHARACTERS);
    RequestCheck.atMost("prompt_cache_key", cacheKey, AffinityInputs.MAX_KEY_CHARACTERS);
    RequestCheck.atMost(TENANT, tenant, AffinityInputs.MAX_TENANT_CHARACTERS);
    return new AffinityInputs(session, cacheKey, tenant);
  }

  /** Returns the explicit routing of headers, else of the body's provider object, or null. */
  static PickRequest.@Nullable Constraints constraints(HttpHeaders headers, PromptBody body)
      throws RequestRefusedException {
    List<String> only = list(headers, ONLY, body.only());
    List<String> ignore = list(headers, IGNORE, body.ignore());
    List<String> order = list(headers, ORDER, body.order());
    PickRequest.Sort sort = sort(headers, body);
    if (only.isEmpty() && ignore.isEmpty() && order.isEmpty() && sort == null) {
      return null;
    }
    if (only.size() > MAX_REPLICAS || ignore.size() > MAX_REPLICAS || order.size() > MAX_REPLICAS) {
      throw RequestRefusedException.badField(
          "provider names more than " + MAX_REPLICAS + " replicas");
    }
    boolean fallbacks =
        headers.contains(ALLOW_FALLBACKS)
            ? headers.containsValue(ALLOW_FALLBACKS, "true", true)
            : body.allowFallbacks();
    return new PickRequest.Constraints(only, ignore, order, fallbacks, sort);
  }

  private static PickRequest.@Nullable Sort sort(HttpHeaders headers, PromptBody body)
      throws RequestRefusedException {
    String header = headers.get(SORT, "");
    String value = header.isEmpty() ? body.sort() : header;
    return switch (value) {
      case "" -> null;
      case "latency" -> PickRequest.Sort.LATENCY;
      case "throughput" -> PickRequest.Sort.THROUGHPUT;
      default ->
          throw RequestRefusedException.badField(
              (header.isEmpty() ? "provider.sort" : SORT)
                  + " is '"
                  + Text.shown(value)
                  + "'; allowed are latency and throughput"
                  + (value.equals("price") ? ", since replicas have no prices" : ""));
    };
  }

  private static List<String> list(HttpHeaders headers, String name, List<String> otherwise) {
    String value = headers.get(name);
    if (value == null) {
      return otherwise;
    }
    return value.isBlank() ? List.of() : List.of(value.strip().split("\\s*,\\s*", -1));
  }
}
