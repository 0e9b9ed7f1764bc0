package io.warmpath.router;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.warmpath.router.prompt.PromptBody;
import io.warmpath.router.usage.SessionClass;
import io.warmpath.router.usage.UsageTally;
import io.warmpath.v1.Affinity;
import io.warmpath.v1.GenerateRequest;
import org.junit.jupiter.api.Test;

/** Session ids become keys that tell nothing and never mix tenants. */
final class SessionKeysTest {

  private final SessionKeys keys = new SessionKeys("secret");

  @Test
  void key_dependsOnSecretTenantModelAndSession() {
    long key = keys.key("t", "m", "s");
    assertThat(key).isNotZero().isEqualTo(new SessionKeys("secret").key("t", "m", "s"));
    assertThat(keys.key("u", "m", "s")).isNotEqualTo(key);
    assertThat(keys.key("t", "n", "s")).isNotEqualTo(key);
    assertThat(keys.key("t", "m", "r")).isNotEqualTo(key);
    assertThat(keys.key("tm", "", "s")).isNotEqualTo(keys.key("t", "m", "s"));
    assertThat(new SessionKeys("other").key("t", "m", "s")).isNotEqualTo(key);
    assertThat(new SessionKeys("").key("t", "m", "s"))
        .isNotEqualTo(new SessionKeys("").key("t", "m", "s"));
    assertThat(keys.key("t", "m", "")).isZero();
  }

  @Test
  void inputs_fromFields_winOverMetadata() throws Exception {
    Metadata headers = new Metadata();
    put(headers, "x-session-id", "alias");
    put(headers, "x-session-affinity", "header");
    put(headers, "x-prompt-cache-key", "key");
    AffinityInputs fromHeaders = AffinityInputs.of(GenerateRequest.getDefaultInstance(), headers);
    assertThat(fromHeaders).isEqualTo(new AffinityInputs("header", "key", ""));

    AffinityInputs fromFields =
        AffinityInputs.of(
            GenerateRequest.newBuilder()
                .setAffinity(Affinity.newBuilder().setSessionId("field").setTenant("t"))
                .build(),
            headers);
    assertThat(fromFields).isEqualTo(new AffinityInputs("field", "key", "t"));
  }

  @Test
  void session_overHttp_isTheFirstGivenInOrder() throws Exception {
    HttpHeaders none = new DefaultHttpHeaders();
    HttpHeaders keyed = new DefaultHttpHeaders().set("x-prompt-cache-key", "key");
    HttpHeaders named = keyed.copy().set("x-conversation-id", "header");
    String all = "{\"user\":\"u\",\"session_id\":\"s\",\"prompt_cache_key\":\"k\"}";
    String unnamed = "{\"user\":\"u\",\"prompt_cache_key\":\"k\"}";
    String user = "{\"user\":\"u\"}";

    assertThat(overHttp(named, all).session()).isEqualTo("header");
    assertThat(overHttp(keyed, all).session()).isEqualTo("s");
    assertThat(overHttp(keyed, unnamed).session()).isEqualTo("k");
    assertThat(overHttp(keyed, user).session()).isEqualTo("key");
    assertThat(overHttp(none, user).session()).isEqualTo("u");
    assertThat(overHttp(none, "{}").session()).isEmpty();
    assertThat(overHttp(named, all).promptCacheKey()).isEqualTo("k");
  }

  @Test
  void sessionClass_isOfWhatIsTheSession() throws Exception {
    HttpHeaders none = new DefaultHttpHeaders();
    assertThat(sessionClass(overHttp(none, "{\"user\":\"u\",\"prompt_cache_key\":\"k\"}")))
        .isEqualTo(SessionClass.PROMPT_CACHE_KEY);
    assertThat(sessionClass(overHttp(none, "{\"session_id\":\"s\",\"prompt_cache_key\":\"k\"}")))
        .isEqualTo(SessionClass.SESSION);
    assertThat(sessionClass(overHttp(none, "{\"user\":\"u\"}"))).isEqualTo(SessionClass.SESSION);
  }

  private static SessionClass sessionClass(AffinityInputs affinity) {
    return Account.of(new UsageTally(), affinity, 1).session();
  }

  private static AffinityInputs overHttp(HttpHeaders headers, String body) throws Exception {
    return HttpInputs.affinity(headers, PromptBody.parse(body.getBytes(UTF_8)));
  }

  @Test
  void session_overGrpcWithoutAnId_isThePromptCacheKey() throws Exception {
    Metadata headers = new Metadata();
    put(headers, "x-prompt-cache-key", "key");
    AffinityInputs keyed = AffinityInputs.of(GenerateRequest.getDefaultInstance(), headers);
    assertThat(keyed.session()).isEqualTo("key");
    put(headers, "x-session-id", "alias");
    AffinityInputs named = AffinityInputs.of(GenerateRequest.getDefaultInstance(), headers);
    assertThat(named.session()).isEqualTo("alias");
  }

  private static void put(Metadata headers, String name, String value) {
    headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
  }
}
