package io.warmpath.cli.secure;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.PermissionDeniedException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import io.warmpath.router.Access;
import io.warmpath.router.Router;
import io.warmpath.router.Tenant;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** API keys as the official client of OpenAI, and one of Anthropic's API, bring them. */
@Timeout(120)
final class KeysTest {

  private static final String KEY = "sk-warmpath-of-this-test-only";

  @TempDir private static Path folder;
  private static SecureCluster cluster;
  private static Router router;

  @BeforeAll
  static void start() throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(KEY.getBytes(UTF_8));
    Tenant tenant = new Tenant("acme", Set.of(HexFormat.of().formatHex(hash)), false, false);
    cluster = new SecureCluster(folder, null);
    router = cluster.router(new Access(null, List.of(tenant)), null);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static OpenAIClient client(String key) {
    return OpenAIOkHttpClient.builder()
        .baseUrl("http://127.0.0.1:" + router.httpPort() + "/v1")
        .apiKey(key)
        .maxRetries(0)
        .build();
  }

  private static ChatCompletionCreateParams.Builder chat() {
    return ChatCompletionCreateParams.builder()
        .model(SecureCluster.MODEL)
        .addUserMessage("Hello")
        .maxCompletionTokens(4);
  }

  @Test
  void openAiClient_withItsKey_isServedAndMetered() throws Exception {
    OpenAIClient client = client(KEY);
    try {
      ChatCompletion answer = client.chat().completions().create(chat().build());
      assertThat(answer.usage().orElseThrow().completionTokens()).isEqualTo(4);
      assertThat(client.models().list().data()).hasSize(1);
    } finally {
      client.close();
    }
    assertThat(SecureCluster.metrics(router)).doesNotContain(KEY);
  }

  @Test
  void openAiClient_withAnotherKey_getsItsOwnTypeOfError() {
    OpenAIClient client = client("sk-wrong");
    try {
      assertThatThrownBy(() -> client.chat().completions().create(chat().build()))
          .isInstanceOf(UnauthorizedException.class)
          .hasMessageContaining("the API key is not known");
    } finally {
      client.close();
    }
  }

  @Test
  void openAiClient_thatNamesAnotherTenant_isDenied() {
    OpenAIClient client = client(KEY);
    try {
      assertThatThrownBy(() ->
              client
                  .chat()
                  .completions()
                  .create(chat().putAdditionalHeader("x-tenant-id", "other").build()))
          .isInstanceOf(PermissionDeniedException.class);
    } finally {
      client.close();
    }
  }

  @Test
  void messages_withAnthropicsHeader_areServed() throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(
                  URI.create("http://127.0.0.1:" + router.httpPort() + "/v1/messages"))
              .header("x-api-key", KEY)
              .header("content-type", "application/json")
              .POST(
                  HttpRequest.BodyPublishers.ofString(
                      """
                      {"model": "%s", "max_tokens": 4,
                       "messages": [{"role": "user", "content": "Hi"}]}
                      """
                          .formatted(SecureCluster.MODEL)))
              .build();
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
    }
  }
}
