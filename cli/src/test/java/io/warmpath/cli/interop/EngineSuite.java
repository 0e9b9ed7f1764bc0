package io.warmpath.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.Var;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.warmpath.cli.interop.InteropCluster.Answer;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.State;
import io.warmpath.testkit.Await;
import io.warmpath.v1.ChatMessage;
import io.warmpath.v1.ChatPrompt;
import io.warmpath.v1.Delta;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.Placement;
import io.warmpath.v1.SamplingParams;
import io.warmpath.v1.TokenIds;
import io.warmpath.v1.Usage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What agent and router owe to whoever puts them before two engines. Each kind of engine runs it,
 * so that the simulated one cannot drift from the real one.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class EngineSuite {

  private static final int PROMPT_TOKENS = 2_000;

  /** The last token is always computed, and only whole blocks are cached. */
  private static final int CACHED_TOKENS =
      (PROMPT_TOKENS - 1) / TestEngine.BLOCK_TOKENS * TestEngine.BLOCK_TOKENS;

  private static final int ROUNDS = 120;
  private static final int LONG_ANSWER = 5_000;
  private static final String ONLY = "x-warmpath-only";

  private final Prompts prompts = new Prompts(System.nanoTime());

  private Path directory = Path.of("");

  private List<TestEngine> engines = List.of();
  private InteropCluster cluster;
  private int clusters;

  /** Starts {@code count} engines, whose files go to {@code directory}. */
  abstract List<TestEngine> startEngines(int count, Path directory) throws IOException;

  @BeforeAll
  void startEngines(@TempDir Path temporary) throws IOException {
    directory = temporary;
    engines = startEngines(2, directory);
  }

  @AfterAll
  void stopEngines() {
    engines.forEach(TestEngine::close);
  }

  @BeforeEach
  void startCluster() throws IOException {
    cluster = new InteropCluster(directory.resolve("zookeeper-" + clusters++), engines);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  @Test
  void tokenIds_samePromptTwice_isServedTwiceByTheEngineThatHasIt() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      String body = completion(prompts.ids(PROMPT_TOKENS), "\"max_tokens\":2");
      Answer first = ok(cluster.post("/v1/completions", body));
      Answer second = ok(cluster.post("/v1/completions", body));
      assertThat(first.cachedTokens()).as("round %d", round).isZero();
      assertThat(second.cachedTokens()).as("round %d", round).isEqualTo(CACHED_TOKENS);
      assertThat(second.replica()).as("round %d", round).isEqualTo(first.replica());
    }
  }

  @Test
  void tokenIds_overGrpc_usageIsTheEnginesOwn() {
    int[] ids = prompts.ids(PROMPT_TOKENS);
    Generated first = generate(ids);
    assertThat(first.usage().getCachedTokens()).isZero();
    Generated again = generate(ids);
    Usage second = again.usage();
    assertThat(second.getCachedTokens())
        .as("first by%n%safter that by%n%s", first.placement(), again.placement())
        .isEqualTo(CACHED_TOKENS);
    assertThat(second.getPromptTokens()).isEqualTo(PROMPT_TOKENS);
    assertThat(second.getCompletionTokens()).isEqualTo(4);
    assertThat(second.getCachedTokensEstimated()).isFalse();
  }

  @Test
  void tokenIds_withAnotherSalt_shareNothing() throws Exception {
    int[] ids = prompts.ids(PROMPT_TOKENS);
    String[] fields = {
      "\"max_tokens\":2,\"cache_salt\":\"a\"", "\"max_tokens\":2,\"cache_salt\":\"b\"",
    };
    for (int i = 0; i < 2; i++) {
      for (String salted : fields) {
        String body = completion(ids, salted);
        Answer answer = ok(cluster.post("/v1/completions", body, ONLY, InteropCluster.replica(0)));
        assertThat(answer.cachedTokens()).isEqualTo(i == 0 ? 0 : CACHED_TOKENS);
      }
    }
  }

  @Test
  void loraAdapters_withTheSamePrompt_shareNothing() throws Exception {
    int[] ids = prompts.ids(PROMPT_TOKENS);
    for (int i = 0; i < 2; i++) {
      for (String model : models()) {
        String body =
            completion(ids, "\"max_tokens\":2")
                .replace("\"model\":\"tiny\"", "\"model\":\"" + model + "\"");
        Answer answer = ok(cluster.post("/v1/completions", body, ONLY, InteropCluster.replica(0)));
        assertThat(answer.json().path("model").asText()).isEqualTo(model);
        assertThat(answer.cachedTokens()).as(model).isEqualTo(i == 0 ? 0 : CACHED_TOKENS);
      }
    }
  }

  @Test
  void loraAdapter_overGrpc_isServedAndReadsItsOwnCache() {
    int[] ids = prompts.ids(PROMPT_TOKENS);
    Generated plain = generate(ids, "");
    Generated first = generate(ids, TestEngine.ADAPTERS.getFirst());
    Generated again = generate(ids, TestEngine.ADAPTERS.getFirst());
    assertThat(first.usage().getCachedTokens()).isZero();
    assertThat(again.usage().getCachedTokens()).isEqualTo(CACHED_TOKENS);
    assertThat(again.placement().getReplicaId()).isEqualTo(first.placement().getReplicaId());
    assertThat(first.placement().getFamily()).isNotEqualTo(plain.placement().getFamily());
  }

  @Test
  void requestId_becomesTheEngines() throws Exception {
    String body = completion(prompts.ids(20), "\"max_tokens\":2");
    Answer answer = ok(cluster.post("/v1/completions", body, "x-request-id", "abc"));
    assertThat(answer.json().path("id").asText()).startsWith("cmpl-abc");
    assertThat(answer.header("x-request-id")).isEqualTo("abc");
  }

  @Test
  void grpcChat_withSamplingParameters_getsWhatItAskedFor() {
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setModel(TestEngine.MODEL)
            .setChat(
                ChatPrompt.newBuilder()
                    .addMessages(ChatMessage.newBuilder().setRole("user").setContent("Why?")))
            .setSampling(
                SamplingParams.newBuilder()
                    .setMaxTokens(6)
                    .setIgnoreEos(true)
                    .setN(2)
                    .setLogprobs(2)
                    .setTemperature(0.5)
                    .setSeed(7)
                    .setExtra(
                        Struct.newBuilder()
                            .putFields("min_tokens", Value.newBuilder().setNumberValue(3).build())))
            .build();
    int[] tokens = new int[2];
    int[] withLogprobs = new int[2];
    String[] ends = new String[2];
    cluster
        .grpc()
        .generate(request)
        .forEachRemaining(message -> {
          if (message.hasDelta()) {
            Delta delta = message.getDelta();
            tokens[delta.getIndex()] += delta.getTokenCount();
            withLogprobs[delta.getIndex()] += delta.getLogprobs().getFieldsCount() > 0 ? 1 : 0;
            ends[delta.getIndex()] = delta.getFinishReason();
          }
        });
    assertThat(tokens).containsExactly(6, 6);
    assertThat(withLogprobs[0]).isPositive();
    assertThat(ends).containsExactly("length", "length");
  }

  @Test
  void chat_grownByATurn_isServedFromTheCache() throws Exception {
    String opening = "{\"role\":\"user\",\"content\":\"" + prompts.text(3_000) + "\"}";
    Answer first = ok(cluster.post("/v1/chat/completions", chat(opening, "")));
    String answer = first.json().at("/choices/0/message/content").asText();
    String turn =
        opening
            + ",{\"role\":\"assistant\",\"content\":"
            + com.fasterxml.jackson.databind.node.TextNode.valueOf(answer)
            + "},{\"role\":\"user\",\"content\":\"and then?\"}";
    Answer second = ok(cluster.post("/v1/chat/completions", chat(turn, "")));
    assertThat(second.replica()).isEqualTo(first.replica());
    int promptTokens = first.json().at("/usage/prompt_tokens").asInt();
    assertThat(second.cachedTokens()).isGreaterThan(promptTokens / 2);
  }

  @Test
  void stream_chat_hasEveryTokenThenUsageThenTheEndMark() throws Exception {
    String message = "{\"role\":\"user\",\"content\":\"Why?\"}";
    String streamed = ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
    Answer answer = ok(cluster.post("/v1/chat/completions", chat(message, streamed)));
    assertThat(answer.body()).endsWith("data: [DONE]\n\n");
    List<JsonNode> events = answer.events();
    JsonNode usage = events.getLast().path("usage");
    assertThat(usage.path("completion_tokens").asInt()).isEqualTo(8);
    assertThat(events.getLast().path("choices")).isEmpty();
    assertThat(events.get(events.size() - 2).at("/choices/0/finish_reason").asText())
        .isEqualTo("length");
  }

  @Test
  void stream_completion_tellsWhatWasCached() throws Exception {
    int[] ids = prompts.ids(PROMPT_TOKENS);
    String streamed =
        "\"max_tokens\":4,\"ignore_eos\":true,\"stream\":true,"
            + "\"stream_options\":{\"include_usage\":true}";
    @Var List<JsonNode> events = List.of();
    for (int i = 0; i < 2; i++) {
      events = ok(cluster.post("/v1/completions", completion(ids, streamed))).events();
    }
    assertThat(events.getLast().at("/usage/prompt_tokens_details/cached_tokens").asInt())
        .isEqualTo(CACHED_TOKENS);
  }

  @Test
  void messages_samePromptTwice_readsTheCache() throws Exception {
    String body =
        "{\"model\":\"tiny\",\"max_tokens\":4,\"system\":\""
            + prompts.text(3_000)
            + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Why?\"}]}";
    Answer first = ok(cluster.post("/v1/messages", body));
    Answer second = ok(cluster.post("/v1/messages", body));
    assertThat(second.replica()).isEqualTo(first.replica());
    assertThat(second.json().at("/usage/cache_read_input_tokens").asInt())
        .isGreaterThanOrEqualTo(512);
  }

  @Test
  void tokenize_throughTheRouter_isTheEnginesOwn() throws Exception {
    String body = "{\"model\":\"tiny\",\"prompt\":\"one two three\"}";
    Answer through = ok(cluster.post("/tokenize", body));
    Answer direct = cluster.post(engines.getFirst().url(), "/tokenize", body);
    assertThat(through.body()).isEqualTo(direct.body());
    assertThat(through.json().path("tokens")).isNotEmpty();
  }

  @Test
  void badRequests_areRefusedInTheEnginesWords() throws Exception {
    List<String> bodies =
        List.of(
            completion(prompts.ids(TestEngine.MODEL_LENGTH + 1), "\"max_tokens\":2"),
            completion(prompts.ids(10), "\"max_tokens\":-1"),
            completion(prompts.ids(10), "\"temperature\":-1"),
            completion(prompts.ids(10), "\"max_tokens\":\"many\""),
            "{\"model\":\"tiny\",",
            "{\"model\":\"tiny\"}");
    for (String body : bodies) {
      Answer direct = cluster.post(engines.getFirst().url(), "/v1/completions", body);
      Answer through = cluster.post("/v1/completions", body);
      assertThat(direct.status()).as(direct.body()).isEqualTo(400);
      assertThat(through.status()).isEqualTo(400);
      assertThat(through.body()).isEqualTo(direct.body());
      JsonNode error = through.json().path("error");
      assertThat(error.path("message").asText()).isNotBlank();
      assertThat(error.path("code").asInt()).isEqualTo(400);
    }
  }

  @Test
  void clientThatHangsUp_freesTheEngine() throws Exception {
    double decoded = decodedTokens();
    try (InputStream stream =
        cluster.open(
            "/v1/completions",
            completion(prompts.ids(500), longAnswer()),
            ONLY,
            InteropCluster.replica(0))) {
      assertThat(stream.read()).isEqualTo('d');
      Await.until("it runs", InteropCluster.LIMIT, () -> running() == 1);
    }
    Await.until("nothing runs", InteropCluster.LIMIT, () -> running() == 0);
    assertThat(decodedTokens() - decoded).isLessThan(LONG_ANSWER);
    Await.until(
        "the agent counts it",
        InteropCluster.LIMIT,
        () -> cluster.agentMetric(0, "warmpath_agent_requests_total", "cancelled") == 1);
  }

  @Test
  void evictionMark_fullCache_followsTheEnginesEvents() throws Exception {
    List<int[]> sent = new ArrayList<>();
    List<Double> seconds = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      sent.add(prompts.ids(PROMPT_TOKENS));
    }
    try (EvictionOracle oracle = new EvictionOracle(engines.getFirst(), sent)) {
      seconds.add(cluster.awaitState(0, State.READY).readySeconds());
      for (int i = 0; i < sent.size(); i++) {
        String body = completion(sent.get(i), "\"max_tokens\":2");
        ok(cluster.post("/v1/completions", body, ONLY, InteropCluster.replica(0)));
        int served = i + 1;
        ReplicaReport report =
            cluster.awaitReport(0, served + " served", seen -> seen.totals().requests() == served);
        seconds.add(report.readySeconds());
      }
      // Prompt i was used between the reports i and i + 1, and so was the mark if it was evicted.
      cluster.awaitReport(
          0,
          "a mark as the events say",
          report -> {
            int last = oracle.lastEvicted();
            double mark = report.readySeconds() - report.cache().evictionAgeSeconds();
            return last >= 0 && mark >= seconds.get(last) && mark <= seconds.get(last + 1);
          });
      assertThat(oracle.lastEvicted()).isBetween(2, sent.size() - 3);
    }
  }

  @Test
  void resetCache_newEpochBeginsAndNothingIsExpectedToBeCached() throws Exception {
    String body = completion(prompts.ids(PROMPT_TOKENS), "\"max_tokens\":2");
    ok(cluster.post("/v1/completions", body, ONLY, InteropCluster.replica(0)));
    long epoch = cluster.awaitState(0, State.READY).epoch();
    cluster.post(engines.getFirst().url(), "/reset_prefix_cache", "");
    // An agent that has just connected hears of what it missed with the next event. Then it refuses
    // what was sent to the cache that was, until the router has heard of the new one.
    long endNanos = System.nanoTime() + InteropCluster.LIMIT.toNanos();
    while (epochOf(0) == epoch && System.nanoTime() - endNanos < 0) {
      String another = completion(prompts.ids(PROMPT_TOKENS), "\"max_tokens\":2");
      Answer answer = cluster.post("/v1/completions", another, ONLY, InteropCluster.replica(0));
      assertThat(answer.response().statusCode()).as(answer.response().body()).isEqualTo(200);
    }
    assertThat(epochOf(0)).isGreaterThan(epoch);
  }

  private long epochOf(int index) {
    return cluster.awaitReport(index, "any", report -> true).epoch();
  }

  @Test
  void drain_runningStreamEndsWholeAndNewRequestsGoElsewhere() throws Exception {
    String body = completion(prompts.ids(500), longAnswer().replace("5000", "400"));
    CompletableFuture<Void> drained;
    try (BufferedReader stream =
        reader(cluster.open("/v1/completions", body, ONLY, InteropCluster.replica(0)))) {
      assertThat(stream.readLine()).startsWith("data: ");
      drained = CompletableFuture.runAsync(() -> cluster.agent(0).drain(Duration.ofSeconds(60)));
      cluster.awaitState(0, State.DRAINING);
      for (int i = 0; i < 5; i++) {
        String other = completion(prompts.ids(300), "\"max_tokens\":2");
        Answer elsewhere = ok(cluster.post("/v1/completions", other));
        assertThat(elsewhere.replica()).isEqualTo(InteropCluster.replica(1));
      }
      List<String> lines = stream.lines().filter(line -> !line.isEmpty()).toList();
      assertThat(lines.getLast()).isEqualTo("data: [DONE]");
      assertThat(lines).anyMatch(line -> line.contains("\"completion_tokens\":400"));
    }
    drained.get(InteropCluster.LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void sleepingEngine_isNotRoutedToAndWakesUpWithAnEmptyCache() throws Exception {
    URI sleeper = engines.getFirst().url();
    String body = completion(prompts.ids(PROMPT_TOKENS), "\"max_tokens\":2");
    ok(cluster.post("/v1/completions", body, ONLY, InteropCluster.replica(0)));
    long epoch = cluster.awaitState(0, State.READY).epoch();
    ok(cluster.post(sleeper, "/sleep?level=1", ""));
    try {
      // What reaches it before the agent knows would wait until it wakes up.
      Answer during = ok(cluster.post("/v1/completions", body));
      assertThat(during.replica()).isEqualTo(InteropCluster.replica(1));
      cluster.awaitState(0, State.STARTING);
      for (int i = 0; i < 5; i++) {
        String other = completion(prompts.ids(300), "\"max_tokens\":2");
        Answer elsewhere = ok(cluster.post("/v1/completions", other));
        assertThat(elsewhere.replica()).isEqualTo(InteropCluster.replica(1));
      }
    } finally {
      ok(cluster.post(sleeper, "/wake_up", ""));
    }
    assertThat(cluster.awaitState(0, State.READY).epoch()).isGreaterThan(epoch);
    Answer after = ok(cluster.post("/v1/completions", body, ONLY, InteropCluster.replica(0)));
    assertThat(after.header("x-warmpath-expected-cached-tokens")).isIn("", "0");
    assertThat(after.cachedTokens()).isZero();
  }

  @Test
  void killedEngine_clientsSeeNothingAndItsAnchorsDie() throws Exception {
    String body = completion(prompts.ids(PROMPT_TOKENS), "\"max_tokens\":2");
    ok(cluster.post("/v1/completions", body, ONLY, InteropCluster.replica(0)));
    Answer before = ok(cluster.post("/v1/completions", body));
    assertThat(before.replica()).isEqualTo(InteropCluster.replica(0));
    long epoch = cluster.awaitState(0, State.READY).epoch();

    engines.getFirst().kill();
    Answer during = ok(cluster.post("/v1/completions", body));
    assertThat(during.replica()).isEqualTo(InteropCluster.replica(1));
    cluster.awaitState(0, State.DOWN);
    engines.getFirst().restart();

    ReplicaReport back = cluster.awaitState(0, State.READY);
    assertThat(back.epoch()).isGreaterThan(epoch);
    assertThat(back.anchors().size()).isZero();
    Answer after = ok(cluster.post("/v1/completions", body, ONLY, InteropCluster.replica(0)));
    assertThat(after.header("x-warmpath-expected-cached-tokens")).isIn("", "0");
    assertThat(after.cachedTokens()).isZero();
  }

  /** A generated text's placement and usage. */
  private record Generated(Placement placement, Usage usage) {}

  private Generated generate(int[] ids) {
    return generate(ids, "");
  }

  private Generated generate(int[] ids, String adapter) {
    TokenIds.Builder tokens = TokenIds.newBuilder();
    Arrays.stream(ids).forEach(tokens::addIds);
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setModel(TestEngine.MODEL)
            .setLoraAdapter(adapter)
            .setTokenIds(tokens)
            .setSampling(SamplingParams.newBuilder().setMaxTokens(4).setIgnoreEos(true))
            .build();
    @Var Placement placement = Placement.getDefaultInstance();
    @Var GenerateResponse last = GenerateResponse.getDefaultInstance();
    for (var answers = cluster.grpc().generate(request); answers.hasNext(); ) {
      last = answers.next();
      placement = last.hasPlacement() ? last.getPlacement() : placement;
    }
    return new Generated(placement, last.getCompleted().getUsage());
  }

  private static List<String> models() {
    List<String> models = new ArrayList<>(TestEngine.ADAPTERS);
    models.add(TestEngine.MODEL);
    return models;
  }

  /** Requests that the engines run. */
  private int running() {
    return (int) total("vllm:num_requests_running{");
  }

  private double decodedTokens() {
    return total("vllm:generation_tokens_total{");
  }

  private double total(String metric) {
    return engines.stream().mapToDouble(one -> cluster.metric(one.url(), metric, "")).sum();
  }

  private static Answer ok(Answer answer) {
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return answer;
  }

  private static String completion(int[] ids, String fields) {
    return "{\"model\":\"tiny\",\"prompt\":" + Arrays.toString(ids) + "," + fields + "}";
  }

  private static String chat(String messages, String fields) {
    return "{\"model\":\"tiny\",\"max_tokens\":8,\"ignore_eos\":true,\"messages\":["
        + messages
        + "]"
        + fields
        + "}";
  }

  private static String longAnswer() {
    return "\"max_tokens\":"
        + LONG_ANSWER
        + ",\"ignore_eos\":true,\"stream\":true,\"stream_options\":{\"include_usage\":true}";
  }

  private static BufferedReader reader(InputStream stream) {
    return new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
  }
}
