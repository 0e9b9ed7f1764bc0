package io.warmpath.router;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.Await;
import io.warmpath.testkit.TestTokenizer;
import io.warmpath.tokenizer.HeadEncoder;
import io.warmpath.tokenizer.ModelTokenizer;
import io.warmpath.tokenizer.TokenHead;
import io.warmpath.v1.ChatMessage;
import io.warmpath.v1.ChatPrompt;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.TokenIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests to a model whose tokenizer the router has, over real sockets. */
final class TokenizersTest {

  private static final int STEP = 128;
  private static final int FAMILY = 1_024;
  private static final String SHORT = "One router of many, and one prefix of many. ".repeat(20);
  private static final String LONG = SHORT.repeat(12);

  @TempDir private Path directory;

  // ---- one family

  @Test
  void prompt_inTextAndInTokens_isOneChainThroughBothDoors() throws Exception {
    int[] ids = ids(SHORT);
    ReplicaGenerateRequest inIds = overHttp(body("prompt", Arrays.toString(ids)));
    assertThat(inIds.getStepHashesCount()).isEqualTo(ids.length / STEP).isGreaterThan(1);
    for (ReplicaGenerateRequest same :
        List.of(
            overHttp(body("prompt", quoted(SHORT))),
            overGrpc(request().setText(SHORT).build()),
            overGrpc(request().setTokenIds(tokenIds(ids)).build()))) {
      assertThat(same.getStepHashesList()).isEqualTo(inIds.getStepHashesList());
      assertThat(same.getFamily()).isEqualTo(inIds.getFamily());
      assertThat(same.getPromptTokens()).isEqualTo(ids.length);
      assertThat(same.getTokensEstimated()).isFalse();
    }
  }

  @Test
  void longPrompt_inTextAndInTokens_isOneFamilyAndGoesOnInBytes() throws Exception {
    int[] ids = ids(LONG);
    ReplicaGenerateRequest inIds = overHttp(body("prompt", Arrays.toString(ids)));
    ReplicaGenerateRequest inText = overHttp(body("prompt", quoted(LONG)));
    assertThat(inText.getFamily()).isEqualTo(inIds.getFamily());
    assertThat(inText.getStepHashesList().subList(0, FAMILY / STEP))
        .isEqualTo(inIds.getStepHashesList().subList(0, FAMILY / STEP));
    assertThat(inText.getTokensEstimated()).isTrue();
    assertThat((double) inText.getPromptTokens()).isBetween(ids.length * 0.95, ids.length * 1.05);
    double steps = (double) ids.length / STEP;
    assertThat((double) inText.getStepHashesCount()).isBetween(steps * 0.9, steps * 1.1);

    ReplicaGenerateRequest longer = overHttp(body("prompt", quoted(LONG + " And more.")));
    int shared = inText.getStepHashesCount();
    assertThat(longer.getStepHashesList().subList(0, shared)).isEqualTo(inText.getStepHashesList());
    ReplicaGenerateRequest overGrpc = overGrpc(request().setText(LONG).build());
    assertThat(overGrpc.getStepHashesList()).isEqualTo(inText.getStepHashesList());
  }

  @Test
  void prompt_withoutSpecialTokens_isThatOfTheTokensWithout() throws Exception {
    int[] ids = ids(SHORT);
    int[] without = Arrays.copyOfRange(ids, 1, ids.length);
    String asked = body("prompt", quoted(SHORT)).replace("{", "{\"add_special_tokens\":false,");
    assertThat(overHttp(asked).getStepHashesList())
        .isEqualTo(overHttp(body("prompt", Arrays.toString(without))).getStepHashesList())
        .isNotEqualTo(overHttp(body("prompt", quoted(SHORT))).getStepHashesList());
  }

  @Test
  void chat_isItsCanonicalFormInTokensAndKeepsItsSession() throws Exception {
    ReplicaGenerateRequest first;
    ReplicaGenerateRequest second;
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(config(relay.report(), 4))) {
      post(harness, "/v1/chat/completions", chat(""));
      first = relay.nextRequest().envelope();
      post(harness, "/v1/chat/completions", chat(",{\"content\":\"yes\",\"role\":\"assistant\"}"));
      second = relay.nextRequest().envelope();
    }
    assertThat(first.getTokensEstimated()).isTrue();
    assertThat(first.getStepHashesCount()).isBetween(1, ids(SHORT).length / STEP + 1);
    assertThat(second.getStepHashesList().subList(0, first.getStepHashesCount() - 1))
        .isEqualTo(first.getStepHashesList().subList(0, first.getStepHashesCount() - 1));
    assertThat(second.getSession()).isEqualTo(first.getSession()).isNotZero();
    ReplicaGenerateRequest overGrpc =
        overGrpc(
            request()
                .setChat(
                    ChatPrompt.newBuilder()
                        .addMessages(ChatMessage.newBuilder().setRole("user").setContent(SHORT)))
                .build());
    assertThat(overGrpc.getStepHashesList()).isEqualTo(first.getStepHashesList());
  }

  @Test
  void sameBeginning_isEncodedOnce() throws Exception {
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(config(relay.report(), 4))) {
      for (int turn = 0; turn < 5; turn++) {
        post(harness, body("prompt", quoted(LONG + turn)));
      }
      assertThat(texts(harness, "encoded")).isEqualTo(1);
      assertThat(texts(harness, "remembered")).isEqualTo(4);
    }
  }

  // ---- without tokens

  @Test
  void promptBeyondTheQueue_goesByItsBytes() throws Exception {
    ReplicaGenerateRequest inBytes;
    try (FakeRelay relay = relay();
        RouterHarness plain = harness(config(relay.report(), 4, null))) {
      post(plain, body("prompt", quoted(SHORT)));
      inBytes = relay.nextRequest().envelope();
    }
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(config(relay.report(), 1));
        Busy busy = new Busy(harness)) {
      busy.fillQueue();
      assertThat(post(harness, body("prompt", quoted(SHORT))).statusCode()).isEqualTo(200);
      ReplicaGenerateRequest served = relay.nextRequest().envelope();
      assertThat(served.getStepHashesList()).isEqualTo(inBytes.getStepHashesList());
      assertThat(served.getTokensEstimated()).isTrue();
      assertThat(texts(harness, "queue_full")).isEqualTo(1);
    }
  }

  @Test
  void promptThatTheTokenizerRefuses_goesByItsBytes() throws Exception {
    Path knowsNothing =
        Files.writeString(
            directory.resolve("words.json"),
            "{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":0},\"unk_token\":\"?\"}}");
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(config(relay.report(), 4, knowsNothing))) {
      assertThat(post(harness, body("prompt", quoted(SHORT))).statusCode()).isEqualTo(200);
      assertThat(relay.nextRequest().envelope().getStepHashesCount()).isPositive();
      assertThat(texts(harness, "failed")).isEqualTo(1);
    }
  }

  @Test
  void fileThatIsNoTokenizer_isSaidAtStart() throws Exception {
    Path file = Files.writeString(directory.resolve("x.json"), "[]");
    RouterConfig config =
        RouterHarness.config().withDefaultModel(RouterConfig.Model.DEFAULT.withTokenizer(file));
    assertThatThrownBy(() -> Router.start(config))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("defaults.tokenizer: " + file + " is no tokenizer.json: ");
  }

  // ---- while a prompt is being encoded

  @Test
  void clientOfHttp_thatLeavesMeanwhile_isForgottenAndNothingIsSent() throws Exception {
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(config(relay.report(), 4));
        Busy busy = new Busy(harness)) {
      try (Socket socket = connect(harness)) {
        socket.getOutputStream().write(raw(SHORT).getBytes(UTF_8));
        awaitWaiting(harness, 1);
        assertThat(harness.router.inFlight()).isEqualTo(1);
      }
      assertThat(harness.outcomes()).isEmpty();
      busy.end();
      Await.until("it", RouterHarness.LIMIT, () -> texts(harness, "abandoned") == 1);
      assertThat(harness.admin("/metrics"))
          .contains("warmpath_router_requests_total{model=\"m\",outcome=\"cancelled\"} 1");
      assertThat(relay.requestsWaiting()).isZero();
    }
  }

  @Test
  void clientOfGrpc_thatLeavesMeanwhile_isForgottenAndNothingIsSent() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = harness(config(agent.report(), 4));
        Busy busy = new Busy(harness)) {
      SlowClient client = SlowClient.start(harness, request().setText(SHORT).build());
      awaitWaiting(harness, 1);
      client.call.cancel("test", null);
      assertThat(harness.outcomes()).isEmpty();
      busy.end();
      Await.until("it", RouterHarness.LIMIT, () -> texts(harness, "abandoned") == 1);
      assertThat(harness.admin("/metrics"))
          .contains("warmpath_router_requests_total{model=\"m\",outcome=\"cancelled\"} 1");
    }
  }

  @Test
  void requestMeanwhile_countsAsInFlight() throws Exception {
    try (FakeRelay relay = relay();
        RouterHarness harness =
            harness(
                config(relay.report(), 4)
                    .withLimits(new RouterConfig.Limits(1, 1 << 20, 1 << 20, 4, 2, 1, 4)));
        Busy busy = new Busy(harness);
        Socket socket = connect(harness)) {
      socket.getOutputStream().write(raw(SHORT).getBytes(UTF_8));
      awaitWaiting(harness, 1);
      GenerateRequest second = request().setText("hi").build();
      assertThatThrownBy(() -> harness.generate(second))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
      busy.end();
      assertThat(relay.nextRequest().envelope().getFamily()).isNotZero();
      Await.until("its end", RouterHarness.LIMIT, () -> harness.router.inFlight() == 0);
    }
  }

  @Test
  void requestAheadOfItsTurn_isNotServedBeforeTheOneThatIsEncoded() throws Exception {
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(config(relay.report(), 4));
        Busy busy = new Busy(harness);
        Socket socket = connect(harness)) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write((raw(SHORT) + raw("hi")).getBytes(UTF_8));
      awaitWaiting(harness, 1);
      busy.end();
      String answers = new String(socket.getInputStream().readAllBytes(), UTF_8);
      assertThat(answers.split("HTTP/1.1 200", -1)).hasSize(2);
      assertThat(relay.nextRequest().body()).contains(SHORT.substring(0, 20));
      assertThat(relay.requestsWaiting()).isZero();
    }
  }

  // ---- help

  /** Keeps the one thread of a router's tokenizers busy until it is closed. */
  private final class Busy implements AutoCloseable {

    private final RouterHarness harness;
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    Busy(RouterHarness harness) throws Exception {
      this.harness = harness;
      encode(
          "busy",
          new Tokenizers.Request() {
            @Override
            public boolean isWaiting() {
              begun.countDown();
              FakeRelay.await(goOn);
              return true;
            }

            @Override
            public void encoded(@Nullable TokenHead head) {}
          });
      begun.await();
    }

    void fillQueue() throws IOException {
      encode(
          "waits",
          new Tokenizers.Request() {
            @Override
            public boolean isWaiting() {
              return false;
            }

            @Override
            public void encoded(@Nullable TokenHead head) {}
          });
      awaitWaiting(harness, 1);
    }

    private void encode(String text, Tokenizers.Request request) throws IOException {
      harness
          .router
          .tokenizers()
          .encode(new PromptText(encoder(), text.getBytes(UTF_8), true), Runnable::run, request);
    }

    void end() {
      goOn.countDown();
    }

    @Override
    public void close() {
      end();
    }
  }

  private HeadEncoder encoder() throws IOException {
    return Tokenizers.encoder(
        ModelTokenizer.read(TestTokenizer.writeTo(directory)),
        new PromptPrefixes(PlacementConfig.Prefix.DEFAULT));
  }

  /** All tokens of a text, the special one included. */
  private int[] ids(String text) throws IOException {
    ModelTokenizer tokenizer = ModelTokenizer.read(TestTokenizer.writeTo(directory));
    HeadEncoder whole = new HeadEncoder(tokenizer, HeadEncoder.MAX_TOKENS, STEP);
    return whole.encode(text.getBytes(UTF_8), true).ids();
  }

  private RouterConfig config(ReplicaReport report, int queueSize) throws IOException {
    return config(report, queueSize, TestTokenizer.writeTo(directory));
  }

  private static RouterConfig config(
      ReplicaReport report, int queueSize, @Nullable Path tokenizer) {
    RouterConfig plain =
        RouterHarness.config(report)
            .withHttp(new RouterConfig.Listen("127.0.0.1", 0))
            .withLimits(new RouterConfig.Limits(100, 1 << 20, 64 << 20, 4, 2, 1, queueSize));
    return tokenizer == null
        ? plain
        : plain.withDefaultModel(RouterConfig.Model.DEFAULT.withTokenizer(tokenizer));
  }

  private static RouterHarness harness(RouterConfig config) throws IOException {
    return new RouterHarness(config);
  }

  private static FakeRelay relay() throws IOException {
    return FakeRelay.start("a", FakeRelay.answers(200, "application/json", "{}"));
  }

  private ReplicaGenerateRequest overHttp(String body) throws Exception {
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(config(relay.report(), 4))) {
      assertThat(post(harness, body).statusCode()).isEqualTo(200);
      return relay.nextRequest().envelope();
    }
  }

  private ReplicaGenerateRequest overGrpc(GenerateRequest request) throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = harness(config(agent.report(), 4))) {
      harness.generate(request);
      return agent.nextCall().request;
    }
  }

  private static GenerateRequest.Builder request() {
    return GenerateRequest.newBuilder().setModel(FakeAgent.MODEL);
  }

  private static TokenIds tokenIds(int[] ids) {
    return TokenIds.newBuilder()
        .addAllIds(Arrays.stream(ids).boxed().collect(Collectors.toList()))
        .build();
  }

  private static String body(String field, String value) {
    return "{\"model\":\"m\",\"" + field + "\":" + value + "}";
  }

  private static String chat(String more) {
    return body("messages", "[{\"content\":" + quoted(SHORT) + ",\"role\":\"user\"}" + more + "]");
  }

  private static String quoted(String text) {
    return "\"" + text + "\"";
  }

  private static Socket connect(RouterHarness harness) throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort());
  }

  private static String raw(String prompt) {
    String body = body("prompt", quoted(prompt));
    return "POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  private static HttpResponse<String> post(RouterHarness harness, String body) throws Exception {
    return post(harness, "/v1/completions", body);
  }

  private static HttpResponse<String> post(RouterHarness harness, String path, String body)
      throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + harness.router.httpPort() + path);
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      return client.send(
          HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  private static void awaitWaiting(RouterHarness harness, int texts) {
    Await.until(
        "texts that wait",
        RouterHarness.LIMIT,
        () -> metric(harness, "warmpath_router_tokenizer_waiting") == texts);
  }

  private static double texts(RouterHarness harness, String result) {
    return metric(harness, "warmpath_router_tokenizer_texts_total{result=\"" + result + "\"}");
  }

  private static double metric(RouterHarness harness, String name) {
    try {
      return harness
          .admin("/metrics")
          .lines()
          .filter(line -> line.startsWith(name + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }
}
