package io.warmpath.router;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lets requests in by their key, at both front doors. Its tenants are replaced by one thread at a
 * time, and read by any.
 */
final class Gate {

  private static final String API_KEY = "x-api-key";

  private final Map<Refusal, Counter> refusals = new EnumMap<>(Refusal.class);
  private volatile ApiKeys keys;

  /** Why a request is not let in. */
  enum Refusal {
    MISSING_KEY("an API key is needed: send it as 'Authorization: Bearer KEY'"),
    UNKNOWN_KEY("the API key is not known"),
    OTHER_TENANT("the request names another tenant than the one whose API key it brings"),
    NO_OPERATOR("the API key is not an operator's");

    private final String sentence;

    Refusal(String sentence) {
      this.sentence = sentence;
    }

    /** What the client is told. */
    String sentence() {
      return sentence;
    }
  }

  Gate(List<Tenant> tenants, MeterRegistry registry) {
    this.keys = new ApiKeys(tenants);
    for (Refusal refusal : Refusal.values()) {
      refusals.put(
          refusal,
          Counter.builder("warmpath.router.key.refusals")
              .description("Requests not let in for want of a fitting API key")
              .tag("reason", refusal.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
  }

  /** From now on only these come in; everybody when there are none. */
  void admit(List<Tenant> tenants) {
    keys = new ApiKeys(tenants);
  }

  /** The keys that are known now. */
  ApiKeys keys() {
    return keys;
  }

  /** Counts a refusal, and returns it. */
  Refusal refused(Refusal why) {
    Counter counter = refusals.get(why);
    if (counter != null) {
      counter.increment();
    }
    return why;
  }

  /**
   * Lets an HTTP request in, or says why not. The headers of one that comes in name its tenant, and
   * bring no key but where the tenant passes it on.
   */
  @Nullable OpenAiError enter(HttpHeaders headers) {
    ApiKeys known = keys;
    if (known.open()) {
      return null;
    }
    String authorization = headers.get(HttpHeaderNames.AUTHORIZATION);
    String apiKey = headers.get(API_KEY);
    Tenant tenant = known.find(authorization, apiKey);
    if (tenant == null) {
      return error(refused(stranger(authorization, apiKey)));
    }
    for (String named : headers.getAll(RoutingHeaders.TENANT)) {
      if (!named.equals(tenant.name())) {
        return error(refused(Refusal.OTHER_TENANT));
      }
    }
    headers.set(RoutingHeaders.TENANT, tenant.name());
    if (!tenant.passesKey()) {
      headers.remove(HttpHeaderNames.AUTHORIZATION).remove(API_KEY);
    }
    return null;
  }

  /** Why who brings these, of which neither is a tenant's, is not let in. */
  static Refusal stranger(@Nullable String authorization, @Nullable String apiKey) {
    return authorization == null && apiKey == null ? Refusal.MISSING_KEY : Refusal.UNKNOWN_KEY;
  }

  private static OpenAiError error(Refusal refusal) {
    boolean known = refusal == Refusal.OTHER_TENANT;
    return new OpenAiError(
        known ? HttpResponseStatus.FORBIDDEN : HttpResponseStatus.UNAUTHORIZED,
        known ? "permission_error" : "invalid_request_error",
        known ? "tenant_mismatch" : "invalid_api_key",
        null,
        refusal.sentence());
  }
}
