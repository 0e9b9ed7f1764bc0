package io.warmpath.router;

import io.grpc.Metadata;
import io.warmpath.v1.GenerateRequest;
import java.util.List;

/**
 * What a client says to keep related requests together. Fields of the message win over metadata.
 *
 * @param sessionId opaque, empty for none
 * @param promptCacheKey opaque, empty for none
 * @param tenant who asks, empty for nobody in particular
 */
record AffinityInputs(String sessionId, String promptCacheKey, String tenant) {

  private static final Metadata.Key<String> PROMPT_CACHE_KEY = key("x-prompt-cache-key");
  private static final Metadata.Key<String> TENANT = key("x-tenant-id");

  /** Names under which agent harnesses send a session, the first given one wins. */
  private static final List<Metadata.Key<String>> SESSION =
      List.of(
          key("x-session-affinity"),
          key("x-session-id"),
          key("x-grok-conv-id"),
          key("x-dynamo-session-id"),
          key("session-id"));

  static final int MAX_SESSION_CHARACTERS = 512;
  static final int MAX_KEY_CHARACTERS = 512;
  static final int MAX_TENANT_CHARACTERS = 128;

  /** Reads what a gRPC request brings. */
  static AffinityInputs of(GenerateRequest request, Metadata headers)
      throws RequestRefusedException {
    String session = firstOf(request.getAffinity().getSessionId(), sessionOf(headers));
    String cacheKey =
        firstOf(request.getAffinity().getPromptCacheKey(), value(headers, PROMPT_CACHE_KEY));
    String tenant = tenant(firstOf(request.getAffinity().getTenant(), value(headers, TENANT)));
    RequestCheck.atMost("affinity.session_id", session, MAX_SESSION_CHARACTERS);
    RequestCheck.atMost("affinity.prompt_cache_key", cacheKey, MAX_KEY_CHARACTERS);
    RequestCheck.atMost("affinity.tenant", tenant, MAX_TENANT_CHARACTERS);
    return new AffinityInputs(session, cacheKey, tenant);
  }

  /** The one whose key the call brought; a request that names another is refused. */
  private static String tenant(String named) throws RequestRefusedException {
    Tenant known = GrpcGate.TENANT.get();
    if (known == null) {
      return named;
    }
    if (!named.isEmpty() && !named.equals(known.name())) {
      throw RequestRefusedException.badField(
          "affinity.tenant: " + Gate.Refusal.OTHER_TENANT.sentence());
    }
    return known.name();
  }

  private static String sessionOf(Metadata headers) {
    for (Metadata.Key<String> key : SESSION) {
      String value = headers.get(key);
      if (value != null) {
        return value;
      }
    }
    return "";
  }

  private static String value(Metadata headers, Metadata.Key<String> key) {
    String value = headers.get(key);
    return value == null ? "" : value;
  }

  private static String firstOf(String field, String metadata) {
    return field.isEmpty() ? metadata : field;
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
