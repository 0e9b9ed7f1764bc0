package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
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

  private static void put(Metadata headers, String name, String value) {
    headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
  }
}
