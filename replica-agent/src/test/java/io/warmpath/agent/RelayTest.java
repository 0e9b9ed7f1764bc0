package io.warmpath.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.warmpath.agent.RelayClient.Response;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.State;
import io.warmpath.testkit.Await;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.RefusalReason;
import io.warmpath.v1.ReplicaGenerateRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The relay port, as a router uses it, in front of an engine that does what it is told. */
final class RelayTest {

  private static final String BODY = "{ \"model\":\"m\",\"stream\" : true,\"prompt\":[1,2]}";
  private static final String PATH = "/v1/completions";

  @TempDir Path dir;
  private FakeEngine engine;
  private AgentFixture fixture;
  private RelayClient client;

  @BeforeEach
  void start() throws IOException {
    engine = FakeEngine.start();
    fixture = new AgentFixture(dir, AgentConfig.Queue.DEFAULT, engine.url());
    fixture.awaitState("replica-0", State.READY);
    client = new RelayClient(fixture.agent.relayPort());
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    fixture.close();
    engine.close();
  }

  @Test
  void report_namesTheRelay() {
    ReplicaReport report = fixture.awaitState("replica-0", State.READY);
    assertThat(report.identity().labels())
        .containsEntry(RelayProtocol.ADDRESS_LABEL, "127.0.0.1:" + fixture.agent.relayPort());
  }

  @Test
  void exchange_goesThroughByteForByte() throws Exception {
    String path = PATH + "?a=b";
    engine.on(path, (request, reply) -> reply.page(200, "text/x; q=1", " answer\n"));
    client.post(path, envelope(), BODY, Map.of("x-request-id", "abc", "authorization", "k"));
    Response response = client.response();

    FakeEngine.Request seen = engine.generateRequests().take();
    assertThat(seen.body()).isEqualTo(BODY);
    assertThat(seen.path()).isEqualTo(path);
    assertThat(seen.headers())
        .containsEntry("x-request-id", "abc")
        .containsEntry("authorization", "k")
        .doesNotContainKey(RelayProtocol.ENVELOPE);
    assertThat(response.head().headers()).containsEntry("content-type", "text/x; q=1");
    assertThat(response.body()).isEqualTo(" answer\n");
  }

  @Test
  void stream_isCounted_andItsUsageAndPlacementAreTold() throws Exception {
    client.post(PATH, envelope(), BODY);
    Response response = client.response();

    assertThat(response.head().status()).isEqualTo(200);
    assertThat(response.head().answer().getPlacement().getReplicaId()).isEqualTo("replica-0");
    assertThat(response.head().answer().getPlacement().getFamily()).isEqualTo(77);
    assertThat(response.body())
        .isEqualTo(
            "data: %s\n\ndata: %s\n\ndata: %s\n\ndata: [DONE]\n\n"
                .formatted(
                    FakeEngine.chunk("Hello", 1),
                    FakeEngine.chunk(" world", 2),
                    FakeEngine.usage(2000, 2, 1984)));
    assertThat(response.completed().getUsage().getCachedTokens()).isEqualTo(1984);
    assertThat(response.completed().getUsage().getCompletionTokens()).isEqualTo(2);
    assertThat(response.completed().getUsage().getCachedTokensEstimated()).isFalse();
    assertThat(response.completed().getTtftSeconds()).isPositive();
    ReplicaReport report = fixture.awaitReport("replica-0", seen -> seen.totals().requests() == 1);
    assertThat(report.totals().cachedTokens()).isEqualTo(1984);
    assertThat(report.anchors().size()).isPositive();
    assertThat(report.load().pendingWorkSeconds()).isZero();
  }

  @Test
  void estimatedLength_isCorrectedByWhatTheEngineSays() throws Exception {
    String answer = "{\"choices\":[],\"usage\" : {\"prompt_tokens\":4000,\"completion_tokens\":1}}";
    engine.on(PATH, (request, reply) -> reply.page(200, "application/json", answer));
    for (boolean estimated : new boolean[] {false, true}) {
      for (int i = 0; i < 20; i++) {
        client.post(
            PATH,
            envelope().toBuilder().setTokensEstimated(estimated).setUnary(true).build(),
            BODY);
        assertThat(client.response().completed().getUsage().getPromptTokens()).isEqualTo(4000);
      }
      // 2,000 tokens each by the envelope.
      assertThat(fixture.metric("warmpath_agent_prompt_length_ratio", ""))
          .isBetween(estimated ? 1.8 : 1.0, estimated ? 2.0 : 1.0);
    }
  }

  @Test
  void connection_servesOneExchangeAfterTheOther() throws Exception {
    for (int i = 0; i < 5; i++) {
      client.post(PATH, envelope(), BODY);
      assertThat(client.response().head().status()).isEqualTo(200);
    }
    // One for the metrics and one for the requests, unless a look at the metrics came between.
    assertThat(engine.connections()).isLessThanOrEqualTo(2);
  }

  @Test
  void unary_isPlacedAtOnce_andItsUsageIsInTheHead() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    String answer = "{\"choices\":[],\"usage\" : {\"prompt_tokens\":2000,\"completion_tokens\":7}}";
    engine.on(
        PATH,
        (request, reply) -> {
          await(release);
          reply.page(200, "application/json", answer);
        });
    client.post(PATH, envelope().toBuilder().setUnary(true).build(), BODY);
    RelayClient.Head interim = client.head();
    assertThat(interim.status()).isEqualTo(102);
    assertThat(interim.answer().hasPlacement()).isTrue();
    // Nothing tells that the prompt is computed, but it should be, so it is pending no longer.
    fixture.awaitReport(
        "replica-0",
        seen -> seen.load().runningRequests() == 1 && seen.load().pendingPrefillTokens() == 0);
    release.countDown();
    Response response = client.response();
    assertThat(response.body()).isEqualTo(answer);
    assertThat(response.head().headers())
        .containsEntry("content-length", Integer.toString(answer.length()));
    assertThat(response.completed().getUsage().getPromptTokens()).isEqualTo(2000);
    assertThat(response.completed().getUsage().getCachedTokens()).isEqualTo(1000);
    assertThat(response.completed().getUsage().getCachedTokensEstimated()).isTrue();
  }

  @Test
  void unary_thatIsLong_keepsItsLength() throws Exception {
    String answer = "x".repeat(3_000_000);
    engine.on(PATH, (request, reply) -> reply.page(200, "application/json", answer));
    client.post(PATH, envelope(), BODY);
    Response response = client.response();
    assertThat(response.body()).isEqualTo(answer);
    assertThat(response.head().headers())
        .containsEntry(RelayProtocol.LENGTH, Integer.toString(answer.length()));
  }

  @Test
  void answers_withoutABody_keepTheLengthThatTheyTell() throws Exception {
    for (int status : new int[] {200, 304}) {
      String told = "HTTP/1.1 " + status + " Status\r\ncontent-length: 7\r\n\r\n";
      engine.on(PATH, (request, reply) -> reply.raw(told));
      byte[] front = envelope().toByteArray();
      FullHttpRequest request =
          new DefaultFullHttpRequest(
              HttpVersion.HTTP_1_1,
              status == 200 ? HttpMethod.HEAD : HttpMethod.GET,
              PATH,
              Unpooled.wrappedBuffer(front));
      request.headers().set(RelayProtocol.ENVELOPE, front.length);
      request.headers().set("content-length", front.length);
      client.send(request);
      assertThat(client.response().head().headers())
          .as("status %d", status)
          .containsEntry(RelayProtocol.LENGTH, "7")
          .doesNotContainKey("content-length");
    }
  }

  @Test
  void error_ofTheEngine_isPassedOnUntouched() throws Exception {
    String error = "{\"detail\":[{\"msg\":\"no\"}]}";
    engine.on(PATH, (request, reply) -> reply.page(422, "application/problem+json", error));
    client.post(PATH, envelope(), BODY);
    Response response = client.response();
    assertThat(response.head().status()).isEqualTo(422);
    assertThat(response.head().answer().hasPlacement()).isTrue();
    assertThat(response.head().headers()).containsEntry("content-type", "application/problem+json");
    assertThat(response.body()).isEqualTo(error);
    assertThat(response.head().headers()).doesNotContainKey(RelayProtocol.COMPLETED);
    awaitIdle("engine_refused");
  }

  @Test
  void engine_thatIsUnavailable_isAFailureInItsOwnWords() throws Exception {
    engine.on(PATH, (request, reply) -> reply.page(503, "text/plain", "no"));
    client.post(PATH, envelope(), BODY);
    Response response = client.response();
    assertThat(response.head().status()).isEqualTo(503);
    assertThat(response.body()).isEqualTo("no");
    assertThat(response.head().headers())
        .containsKey(RelayProtocol.FAILED)
        .doesNotContainKey(RelayProtocol.ANSWER);
    awaitIdle("engine_failed");
  }

  @Test
  void stream_thatTellsAnError_isAFailure() throws Exception {
    String error = "{\"error\": {\"message\": \"out of memory\"}}";
    engine.on(
        PATH,
        (request, reply) -> {
          reply.beginStream();
          reply.event(FakeEngine.chunk("a", 1));
          reply.event(error);
          reply.event("[DONE]");
          reply.endStream();
        });
    client.post(PATH, envelope(), BODY);
    Response response = client.response();
    assertThat(response.body()).contains(error).endsWith("data: [DONE]\n\n");
    Map<String, String> told = new HashMap<>(response.head().headers());
    told.putAll(response.trailers());
    assertThat(told)
        .containsKeys(RelayProtocol.ANSWER, RelayProtocol.FAILED)
        .doesNotContainKey(RelayProtocol.COMPLETED);
    awaitIdle("engine_failed");
  }

  @Test
  void engine_thatDiesMidStream_cutsTheConnection() throws Exception {
    engine.on(
        PATH,
        (request, reply) -> {
          reply.beginStream();
          reply.event(FakeEngine.chunk("a", 1));
          reply.close();
        });
    client.post(PATH, envelope(), BODY);
    assertThatThrownBy(client::response).isInstanceOf(IOException.class);
    awaitIdle("engine_failed");
  }

  @Test
  void router_thatLeaves_endsTheEnginesWork() throws Exception {
    CountDownLatch left = new CountDownLatch(1);
    engine.on(
        PATH,
        (request, reply) -> {
          reply.beginStream();
          reply.event(FakeEngine.chunk("a", 1));
          reply.awaitClientLeaving();
          left.countDown();
        });
    client.post(PATH, envelope(), BODY);
    assertThat(client.head().status()).isEqualTo(200);
    assertThat(client.chunk()).isNotEmpty();
    client.close();
    assertThat(left.await(10, TimeUnit.SECONDS)).isTrue();
    awaitIdle("cancelled");
  }

  @Test
  void router_thatReadsSlowly_holdsTheEngineBack() throws Exception {
    String text = "x".repeat(100_000);
    int events = 500;
    AtomicInteger sent = new AtomicInteger();
    engine.on(
        PATH,
        (request, reply) -> {
          reply.beginStream();
          for (int i = 0; i < events; i++) {
            reply.event(text);
            sent.incrementAndGet();
          }
          reply.endStream();
        });
    client.post(PATH, envelope(), BODY);
    assertThat(client.head().status()).isEqualTo(200);
    AtomicInteger before = new AtomicInteger();
    AtomicInteger steadyPolls = new AtomicInteger();
    Await.until(
        "the engine is held back",
        AgentFixture.LIMIT,
        () -> {
          boolean steady = sent.get() > 0 && before.getAndSet(sent.get()) == sent.get();
          return steady ? steadyPolls.incrementAndGet() > 100 : steadyPolls.getAndSet(0) > 100;
        });
    assertThat(sent.get()).isLessThan(events);
    long[] received = {0};
    for (byte[] chunk = client.chunk(); chunk.length > 0; chunk = client.chunk()) {
      received[0] += chunk.length;
    }
    assertThat(received[0]).isEqualTo((long) events * (text.length() + "data: \n\n".length()));
  }

  @Test
  void refusal_isAMessage_andTheConnectionGoesOn() throws Exception {
    client.post(PATH, envelope().toBuilder().setEpoch(1).build(), BODY);
    Response refused = client.response();
    assertThat(refused.head().answer().getRefused().getReason())
        .isEqualTo(RefusalReason.REFUSAL_REASON_WRONG_EPOCH);
    client.post(PATH, envelope(), BODY);
    assertThat(client.response().head().status()).isEqualTo(200);
  }

  @Test
  void drain_refusesNewExchanges_andCutsOffTheRestInTime() throws Exception {
    engine.on(
        PATH,
        (request, reply) -> {
          reply.beginStream();
          reply.event(FakeEngine.chunk("a", 1));
          reply.awaitClientLeaving();
        });
    client.post(PATH, envelope(), BODY);
    assertThat(client.head().status()).isEqualTo(200);
    assertThat(client.chunk()).isNotEmpty();
    fixture.agent.drain(Duration.ofMillis(1));
    assertThat(client.closed()).isTrue();
    try (RelayClient late = new RelayClient(fixture.agent.relayPort())) {
      late.post(PATH, envelope(), BODY);
      assertThat(late.response().head().answer().getRefused().getReason())
          .isEqualTo(RefusalReason.REFUSAL_REASON_DRAINING);
    }
  }

  @Test
  void request_thatIsNotARouters_isRefusedInOneSentenceAndCounted() throws Exception {
    HttpVersion version = HttpVersion.HTTP_1_1;
    client.send(new DefaultFullHttpRequest(version, HttpMethod.GET, "/v1/models"));
    Response response = client.response();
    assertThat(response.head().status()).isEqualTo(400);
    assertThat(response.body()).startsWith("this port is for routers");
    assertThat(client.closed()).isTrue();
    DefaultHttpRequest large = new DefaultHttpRequest(version, HttpMethod.POST, "/");
    large.headers().set("content-length", 99_999_999);
    client.send(large);
    assertThat(client.response().head().status()).isEqualTo(413);
    try (Socket other = new Socket(InetAddress.getLoopbackAddress(), fixture.agent.relayPort())) {
      other.setSoTimeout(10_000);
      other.getOutputStream().write("GET / HTTP/1.1\r\nhost: x\r\n\r\n".getBytes(UTF_8));
      other.getInputStream().readAllBytes(); // To its end.
    }
    assertThat(fixture.metric("warmpath_agent_relay_rejected_total", "bad_envelope")).isEqualTo(1);
    assertThat(fixture.metric("warmpath_agent_relay_rejected_total", "malformed")).isEqualTo(1);
    assertThat(fixture.metric("warmpath_agent_relay_rejected_total", "too_large")).isEqualTo(1);
  }

  private void awaitIdle(String outcome) throws Exception {
    ReplicaReport report =
        fixture.awaitReport("replica-0", seen -> seen.load().runningRequests() == 0);
    assertThat(report.load().pendingPrefillTokens()).isZero();
    assertThat(fixture.metric("warmpath_agent_requests_total", outcome)).isEqualTo(1);
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      latch.await();
    } catch (InterruptedException stop) {
      throw new IOException(stop);
    }
  }

  private static ReplicaGenerateRequest envelope() {
    return AgentFixture.request().toBuilder()
        .setRequest(GenerateRequest.newBuilder().setRequestId("abc"))
        .build();
  }
}
