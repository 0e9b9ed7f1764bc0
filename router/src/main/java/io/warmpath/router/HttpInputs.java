package io.warmpath.router;

import io.netty.handler.codec.http.HttpHeaders;
import io.warmpath.router.prompt.PromptBody;
import io.warmpath.routing.PickRequest;
import org.jspecify.annotations.Nullable;

/** What an HTTP request says of affinity and routing, in headers and body. */
final class HttpInputs {

  private HttpInputs() {}

  /**
   * Returns what keeps related requests together: a session header, else the body's session id,
   * else its prompt cache key, else its end user.
   */
  static AffinityInputs affinity(HttpHeaders headers, PromptBody body)
      throws RequestRefusedException {
    String cacheKey =
        body.promptCacheKey().isEmpty()
            ? headers.get(RoutingHeaders.PROMPT_CACHE_KEY, "")
            : body.promptCacheKey();
    String named = RoutingHeaders.session(headers::get);
    String inBody =
        body.sessionId().isEmpty() && cacheKey.isEmpty() ? body.user() : body.sessionId();
    String session = named.isEmpty() ? inBody : named;
    String tenant = headers.get(RoutingHeaders.TENANT, "");
    RequestCheck.atMost("session", session, AffinityInputs.MAX_SESSION_CHARACTERS);
    RequestCheck.atMost("prompt_cache_key", cacheKey, AffinityInputs.MAX_KEY_CHARACTERS);
    RequestCheck.atMost(RoutingHeaders.TENANT, tenant, AffinityInputs.MAX_TENANT_CHARACTERS);
    return new AffinityInputs(session, cacheKey, tenant);
  }

  /** Returns the explicit routing of headers, else of the body's provider object, or null. */
  static PickRequest.@Nullable Constraints constraints(HttpHeaders headers, PromptBody body)
      throws RequestRefusedException {
    return RoutingHeaders.constraints(
        headers::get,
        new RoutingHeaders.Given(
            body.only(), body.ignore(), body.order(), body.allowFallbacks(), body.sort()));
  }
}
