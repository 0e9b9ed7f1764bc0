package io.warmpath.router;

import io.grpc.Metadata;
import io.warmpath.v1.Affinity;
import io.warmpath.v1.GenerateRequest;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a client says to keep related requests together. Fields of the message win over metadata.
 *
 * @param sessionId opaque, empty for none; the end user, where there is no cache key either
 * @param promptCacheKey opaque, empty for none; the session, where there is no session id
 * @param tenant who asks, empty for nobody in particular
 */
record AffinityInputs(String sessionId, String promptCacheKey, String tenant) {

  static final int MAX_SESSION_CHARACTERS = 512;
  static final int MAX_KEY_CHARACTERS = 512;
  static final int MAX_TENANT_CHARACTERS = 128;

  /** Reads what a gRPC request brings. */
  static AffinityInputs of(GenerateRequest request, Metadata metadata)
      throws RequestRefusedException {
    Affinity given = request.getAffinity();
    Function<String, @Nullable String> headers = RoutingHeaders.of(metadata);
    String session = firstOf(given.getSessionId(), RoutingHeaders.session(headers));
    String cacheKey =
        firstOf(
            given.getPromptCacheKey(),
            RoutingHeaders.value(headers, RoutingHeaders.PROMPT_CACHE_KEY));
    String tenant =
        tenant(firstOf(given.getTenant(), RoutingHeaders.value(headers, RoutingHeaders.TENANT)));
    RequestCheck.atMost("affinity.session_id", session, MAX_SESSION_CHARACTERS);
    RequestCheck.atMost("affinity.prompt_cache_key", cacheKey, MAX_KEY_CHARACTERS);
    RequestCheck.atMost("affinity.tenant", tenant, MAX_TENANT_CHARACTERS);
    return new AffinityInputs(session, cacheKey, tenant);
  }

  /** What the client calls its session, empty for nothing. */
  String session() {
    return firstOf(sessionId, promptCacheKey);
  }

  /** The one whose key the call brought; a request that names another is refused. */
  private static String tenant(String named) throws RequestRefusedException {
    Tenant known = GrpcGate.TENANT.get();
    if (known == null) {
      return named;
    }
    if (!named.isEmpty() && !named.equals(known.name())) {
      throw RequestRefusedException.badField(
          "affinity.tenant", "is refused: " + Gate.Refusal.OTHER_TENANT.sentence());
    }
    return known.name();
  }

  private static String firstOf(String first, String second) {
    return first.isEmpty() ? second : first;
  }
}
