package io.warmpath.cli.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.responses.ResponseCreateParams;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.testkit.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The official Java client of OpenAI's API with its base URL changed and nothing else. */
final class OpenAiClientTest {

  private static final EngineProfile FAST = EngineProfile.named("8b-h100").atSpeed(20);
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static LocalCluster cluster;
  private static OpenAIClient client;
  private static String model;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    cluster = LocalCluster.start(LocalClusterSettings.of(2, FAST));
    cluster.awaitReady(LIMIT);
    model = cluster.settings().model();
    client =
        OpenAIOkHttpClient.builder()
            .baseUrl("http://127.0.0.1:" + cluster.router().httpPort() + "/v1")
            .apiKey("none")
            .maxRetries(0)
            .build();
  }

  @AfterAll
  static void stop() {
    client.close();
    cluster.close();
  }

  @Test
  void chat_whole_hasChoiceAndUsage() {
    ChatCompletion answer = client.chat().completions().create(chat("Hello", 12));
    assertThat(answer.choices().getFirst().message().content()).isPresent();
    assertThat(answer.usage().orElseThrow().completionTokens()).isEqualTo(12);
  }

  @Test
  void chat_streamed_hasTextAndUsage() {
    Streamed streamed = stream(chat("Hello", 12));
    assertThat(streamed.text()).isNotBlank();
    assertThat(streamed.completionTokens()).isEqualTo(12);
    assertThat(streamed.finishReasons()).containsExactly("length");
  }

  @Test
  void chat_samePromptTwice_isCached() {
    String prompt = "a prompt of some length ".repeat(400);
    stream(chat(prompt, 4));
    assertThat(stream(chat(prompt, 4)).cachedTokens()).isGreaterThan(1_000);
  }

  @Test
  void otherApis_answer() {
    assertThat(
            client
                .completions()
                .create(
                    CompletionCreateParams.builder()
                        .model(model)
                        .prompt("Once")
                        .maxTokens(4)
                        .build())
                .choices())
        .hasSize(1);
    assertThat(
            client
                .embeddings()
                .create(EmbeddingCreateParams.builder().model(model).input("a").build())
                .data())
        .hasSize(1);
    assertThat(
            client
                .responses()
                .create(
                    ResponseCreateParams.builder()
                        .model(model)
                        .input("Hello")
                        .maxOutputTokens(8)
                        .build())
                .output())
        .isNotEmpty();
    assertThat(client.models().list().data().getFirst().id()).isEqualTo(model);
  }

  @Test
  void errors_areTheClientsOwnTypes() {
    assertThatThrownBy(() ->
            client
                .chat()
                .completions()
                .create(chat("Hello", 4).toBuilder().temperature(-3).build()))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining("temperature");
    assertThatThrownBy(() ->
            client.chat().completions().create(chat("Hello", 4).toBuilder().model("nope").build()))
        .isInstanceOf(NotFoundException.class)
        .hasMessageContaining("nope");
  }

  @Test
  void stream_thatIsClosed_stopsAtTheEngine() {
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(chat("Tell me all", 5_000))) {
      Iterator<ChatCompletionChunk> chunks = stream.stream().iterator();
      assertThat(chunks.hasNext()).isTrue();
      assertThat(unfinished()).isPositive();
    }
    Await.until("the engines stop", LIMIT, () -> unfinished() == 0);
    Await.until("the router lets go", LIMIT, () -> cluster.router().inFlight() == 0);
  }

  @Test
  void hundredStreams_atOnce_areAllWhole() throws Exception {
    List<Future<Streamed>> streams = new ArrayList<>();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 100; i++) {
        String prompt = "Stream number " + i;
        streams.add(clients.submit(() -> stream(chat(prompt, 40))));
      }
      for (Future<Streamed> one : streams) {
        Streamed whole = one.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(whole.completionTokens()).isEqualTo(40);
        assertThat(whole.finishReasons()).containsExactly("length");
      }
    }
    assertThat(unfinished()).isZero();
  }

  private static int unfinished() {
    return cluster.engines().stream().mapToInt(e -> e.snapshot().unfinishedRequests()).sum();
  }

  private static ChatCompletionCreateParams chat(String prompt, long maxTokens) {
    return ChatCompletionCreateParams.builder()
        .model(model)
        .addUserMessage(prompt)
        .maxCompletionTokens(maxTokens)
        .putAdditionalBodyProperty("ignore_eos", com.openai.core.JsonValue.from(true))
        .build();
  }

  /** What a stream brought. */
  private record Streamed(
      String text, List<String> finishReasons, long completionTokens, long cachedTokens) {}

  private static Streamed stream(ChatCompletionCreateParams params) {
    StringBuilder text = new StringBuilder();
    List<String> finishReasons = new ArrayList<>();
    long[] tokens = new long[2];
    ChatCompletionCreateParams withUsage =
        params.toBuilder()
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
            .build();
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(withUsage)) {
      stream.stream()
          .forEach(chunk -> {
            chunk
                .choices()
                .forEach(choice -> {
                  choice.delta().content().ifPresent(text::append);
                  choice.finishReason().ifPresent(reason -> finishReasons.add(reason.toString()));
                });
            chunk
                .usage()
                .ifPresent(usage -> {
                  tokens[0] = usage.completionTokens();
                  tokens[1] = usage.promptTokensDetails().flatMap(d -> d.cachedTokens()).orElse(0L);
                });
          });
    }
    return new Streamed(text.toString(), finishReasons, tokens[0], tokens[1]);
  }
}
