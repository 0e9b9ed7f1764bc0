package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.Var;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.router.Router;
import io.warmpath.router.RouterConfig;
import io.warmpath.router.usage.Prices;
import io.warmpath.router.usage.UsageMeter;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.testkit.Await;
import io.warmpath.v1.Affinity;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.SamplingParams;
import io.warmpath.v1.Usage;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients are told of their usage against what the router says they used. */
final class UsageTest {

  private static final EngineProfile FAST = EngineProfile.named("8b-h100").atSpeed(100);
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LONG = "You are a careful assistant. ".repeat(300);
  private static final Prices PRICES = new Prices(2, 0.5, 8);

  private static LocalCluster cluster;
  private static HttpClient http;

  @TempDir private Path directory;

  private final Told told = new Told();
  private Router router;

  /** The sums of what answers told their clients. */
  private static final class Told {
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong prompt = new AtomicLong();
    private final AtomicLong cached = new AtomicLong();
    private final AtomicLong completion = new AtomicLong();

    void add(long promptTokens, long cachedTokens, long completionTokens) {
      requests.incrementAndGet();
      prompt.addAndGet(promptTokens);
      cached.addAndGet(cachedTokens);
      completion.addAndGet(completionTokens);
    }

    /** Adds the usage object of an OpenAI answer. */
    void add(JsonNode usage) {
      assertThat(usage.isObject()).isTrue();
      add(
          usage.path("prompt_tokens").asLong(),
          usage.path("prompt_tokens_details").path("cached_tokens").asLong(),
          usage.path("completion_tokens").asLong());
    }
  }

  @BeforeAll
  static void startCluster() throws IOException, InterruptedException {
    cluster = LocalCluster.start(LocalClusterSettings.of(2, FAST));
    cluster.awaitReady(LIMIT);
    http = HttpClient.newHttpClient();
  }

  @AfterAll
  static void stopCluster() {
    http.close();
    cluster.close();
  }

  @BeforeEach
  void startRouter() throws IOException {
    RouterConfig.Model model =
        new RouterConfig.Model(
            RouterConfig.Model.DEFAULT.policy(),
            RouterConfig.Model.DEFAULT.placement(),
            RouterConfig.Model.DEFAULT.maxPromptTokens(),
            PRICES);
    router =
        Router.start(
            RouterConfig.of(
                    new RouterConfig.Fleet.ZooKeeper(
                        ZooKeeperSettings.of(cluster.zooKeeperAddress())))
                .withHttp(new RouterConfig.Listen("127.0.0.1", 0))
                .withDefaultModel(model)
                .withMetering(new UsageMeter.Settings(directory, Duration.ofMillis(50), 35, 100)));
    Await.until("the router is ready", LIMIT, router::ready);
  }

  @AfterEach
  void stopRouter() {
    router.close();
  }

  private JsonNode usage(String... options) throws IOException {
    String[] command = {"usage", "--json", "--router", "127.0.0.1:" + router.grpcPort()};
    String[] all = Arrays.copyOf(command, command.length + options.length);
    System.arraycopy(options, 0, all, command.length, options.length);
    Run run = Run.of(all);
    assertThat(run.exitCode()).as(run.err()).isZero();
    return JSON.readTree(run.out());
  }

  private void assertTotalsAreWhatClientsWereTold() throws IOException {
    JsonNode total = usage().get("total");
    assertThat(total.get("requests").asLong()).isEqualTo(told.requests.get());
    assertThat(total.get("promptTokens").asLong()).isEqualTo(told.prompt.get());
    assertThat(total.get("cachedTokens").asLong()).isEqualTo(told.cached.get());
    assertThat(total.get("completionTokens").asLong()).isEqualTo(told.completion.get());
    double cost =
        (told.prompt.get() - told.cached.get()) * PRICES.prompt()
            + told.cached.get() * PRICES.cached()
            + told.completion.get() * PRICES.completion();
    assertThat(total.get("cost").decimalValue().movePointRight(6).doubleValue()).isEqualTo(cost);
  }

  @Test
  void totals_areWhatClientsWereToldAcrossARestart() throws Exception {
    sendAll();
    assertThat(told.cached.get()).isPositive();
    assertTotalsAreWhatClientsWereTold();

    router.close();
    startRouter();
    assertTotalsAreWhatClientsWereTold();
    sendAll();
    router.shutdown();
    startRouter();
    assertTotalsAreWhatClientsWereTold();
    assertThat(usage("--by", "session").get("rows"))
        .extracting(row -> row.get("session").asText())
        .containsExactlyInAnyOrder("session", "promptCacheKey", "opening", "none");
    assertThat(usage("--by", "tenant,model").get("rows"))
        .extracting(row -> row.get("tenant").asText() + "/" + row.get("model").asText())
        .containsExactlyInAnyOrder("acme/simulated", "/simulated");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .anyMatch(name -> name.matches("usage-\\d{4}-\\d\\d-\\d\\d\\.csv"));
    }
  }

  /** Requests of every kind, several at once, each of which tells its usage. */
  private void sendAll() throws Exception {
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        int number = i;
        running.add(clients.submit(() -> chat(number)));
        running.add(clients.submit(() -> chatStream(number)));
        running.add(clients.submit(() -> message(number)));
        running.add(clients.submit(() -> batch(number)));
        running.add(clients.submit(() -> generate(number)));
      }
      for (Future<?> one : running) {
        one.get();
      }
    }
  }

  private Void chat(int number) throws Exception {
    String body =
        """
        {"model":"simulated","max_tokens":%d,"messages":[
          {"role":"system","content":"%s"},{"role":"user","content":"question %d"}]}
        """
            .formatted(number + 1, LONG, number);
    told.add(JSON.readTree(post("/v1/chat/completions", body)).get("usage"));
    return null;
  }

  private Void chatStream(int number) throws Exception {
    String body =
        """
        {"model":"simulated","max_tokens":%d,"stream":true,"prompt_cache_key":"k",
         "stream_options":{"include_usage":true},"messages":[{"role":"user","content":"%s %d"}]}
        """
            .formatted(number + 1, LONG, number);
    told.add(lastEvent(post("/v1/chat/completions", body)).get("usage"));
    return null;
  }

  private static JsonNode lastEvent(String stream) throws IOException {
    String[] events = stream.split("\n\n", -1);
    assertThat(events[events.length - 2]).isEqualTo("data: [DONE]"); // And nothing behind it.
    return JSON.readTree(events[events.length - 3].substring("data: ".length()));
  }

  /** Anthropic counts what is cached beside the input. */
  private Void message(int number) throws Exception {
    String body =
        """
        {"model":"simulated","max_tokens":%d,"session_id":"s","messages":[
          {"role":"user","content":"%s %d"}]}
        """
            .formatted(number + 1, LONG, number);
    JsonNode usage = JSON.readTree(post("/v1/messages", body)).get("usage");
    long cached = usage.path("cache_read_input_tokens").asLong();
    long created = usage.path("cache_creation_input_tokens").asLong();
    told.add(
        usage.get("input_tokens").asLong() + cached + created,
        cached,
        usage.get("output_tokens").asLong());
    return null;
  }

  private Void batch(int number) throws Exception {
    String body =
        "{\"model\":\"simulated\",\"max_tokens\":3,\"prompt\":[\"a %d\",\"b\"]}".formatted(number);
    told.add(JSON.readTree(post("/v1/completions", body)).get("usage"));
    return null;
  }

  private Void generate(int number) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", router.grpcPort()).usePlaintext().build();
    try {
      Iterator<GenerateResponse> answer =
          InferenceServiceGrpc.newBlockingStub(channel)
              .generate(
                  GenerateRequest.newBuilder()
                      .setModel("simulated")
                      .setText(LONG + number)
                      .setAffinity(Affinity.newBuilder().setTenant("acme"))
                      .setSampling(SamplingParams.newBuilder().setMaxTokens(number + 1))
                      .build());
      @Var Usage usage = Usage.getDefaultInstance();
      while (answer.hasNext()) {
        GenerateResponse response = answer.next();
        usage = response.hasCompleted() ? response.getCompleted().getUsage() : usage;
      }
      assertThat(usage.getCachedTokensEstimated()).isFalse();
      told.add(usage.getPromptTokens(), usage.getCachedTokens(), usage.getCompletionTokens());
    } finally {
      channel.shutdownNow();
    }
    return null;
  }

  private String post(String path, String body) throws IOException, InterruptedException {
    HttpResponse<String> response =
        http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + router.httpPort() + path))
                .header("content-type", "application/json")
                .header("x-tenant-id", path.contains("chat") ? "acme" : "")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return response.body();
  }

  @Test
  void streamWithoutUsage_isCountedByWhatPassedAndMarked() throws Exception {
    String body =
        "{\"model\":\"simulated\",\"max_tokens\":9,\"ignore_eos\":true,\"stream\":true,"
            + "\"prompt\":\"abcd\"}";
    post("/v1/completions", body);
    JsonNode total = usage().get("total");
    assertThat(total.get("estimatedRequests").asLong()).isEqualTo(1);
    assertThat(total.get("completionTokens").asLong()).isEqualTo(9);
    assertThat(total.get("cachedTokens").asLong()).isZero();
    Run table = Run.of("usage", "--by", "model", "--router", "127.0.0.1:" + router.grpcPort());
    assertThat(table.out()).contains("simulated").contains("1 requests are estimates");
  }

  @Test
  void otherPaths_areNotCounted() throws Exception {
    post("/tokenize", "{\"model\":\"simulated\",\"prompt\":\"a b c\"}");
    assertThat(usage().get("total").get("requests").asLong()).isZero();
  }

  @Test
  void severalRouters_areAddedUp() throws Exception {
    chat(1);
    String own = "127.0.0.1:" + router.grpcPort();
    JsonNode twice = usage("--router", own);
    assertThat(twice.get("routers")).hasSize(2);
    assertThat(twice.get("total").get("promptTokens").asLong()).isEqualTo(2 * told.prompt.get());
  }

  @Test
  void badDay_isNamed() {
    Run run = Run.of("usage", "--from", "yesterday");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--from").contains("yesterday");
  }
}
