package io.warmpath.router;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Lease.Outcome;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.Await;
import io.warmpath.testkit.SeededCases;
import io.warmpath.v1.RefusalReason;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

/** Every path of a relayed HTTP exchange, over real sockets. */
final class HttpDoorTest {

  private static final String CHAT =
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\""
          + "x".repeat(2000)
          + "\"}]}";

  // ---- an answer

  @Test
  void stream_reachesTheClientByteForByte() throws Exception {
    String events = "data: {\"a\": 1}\n\n\ndata: é\r\n\r\n: ping\n\ndata: [DONE]\n\n";
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.streams(events.split("(?<=\n\n)")));
        RouterHarness harness = harness(relay)) {
      HttpResponse<String> response = post(harness, "/v1/chat/completions", CHAT);

      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.body()).isEqualTo(events);
      assertThat(response.headers().firstValue("content-type")).hasValue("text/event-stream");
      assertThat(response.headers().firstValue("x-warmpath-replica")).hasValue("a");
      assertThat(response.headers().firstValue("x-warmpath-reason")).hasValue("replicaSet");
      assertThat(response.headers().firstValue("x-warmpath-attempts")).hasValue("1");
      assertThat(response.headers().firstValue("x-request-id")).isPresent();
      assertThat(response.headers().map()).doesNotContainKey("x-warmpath-answer");
      assertThat(harness.outcomes()).containsExactly(Outcome.Completed.class);
      CountingPlacement.Recorded lease = harness.placement.leases().getFirst();
      assertThat(lease.events).containsExactly("accepted 0.25", "first token");
      assertThat(lease.outcomes).containsExactly(new Outcome.Completed(300, 128, 3));
    }
  }

  @Test
  void request_reachesTheRelayByteForByte() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.answers(200, "application/json", "{}"));
        RouterHarness harness = harness(relay)) {
      String body = CHAT.replace(",", " ,\n");
      HttpResponse<String> response =
          send(
              request(harness, "/v1/chat/completions?x=1")
                  .header("authorization", "Bearer k")
                  .header("x-session-affinity", "s")
                  .header("x-request-id", "mine")
                  .POST(HttpRequest.BodyPublishers.ofString(body))
                  .build());

      FakeRelay.Request request = relay.nextRequest();
      assertThat(request.line()).isEqualTo("POST /v1/chat/completions?x=1 HTTP/1.1");
      assertThat(request.body()).isEqualTo(body);
      assertThat(request.headers()).containsEntry("authorization", "Bearer k");
      assertThat(request.headers()).doesNotContainKey("transfer-encoding");
      assertThat(request.envelope().getReplicaId()).isEqualTo("a");
      assertThat(request.envelope().getStepHashesCount()).isEqualTo(4);
      assertThat(request.envelope().getSession()).isNotZero();
      assertThat(request.envelope().getPendingWorkLimitSeconds()).isEqualTo(0.5);
      assertThat(request.envelope().getRequest().getRequestId()).isEqualTo("mine");
      assertThat(response.headers().firstValue("x-request-id")).hasValue("mine");
      assertThat(response.headers().firstValue("x-warmpath-cached-tokens")).hasValue("128");
      assertThat(response.body()).isEqualTo("{}");
    }
  }

  @Test
  void connection_toTheRelay_isKeptForTheNextExchange() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.streams("data: x\n\n"));
        RouterHarness harness = harness(relay)) {
      for (int i = 0; i < 5; i++) {
        assertThat(post(harness, "/v1/completions", "{\"model\":\"m\"}").statusCode())
            .isEqualTo(200);
      }
      assertThat(relay.connections()).isEqualTo(1);
    }
  }

  @Test
  void error_ofTheEngine_isPassedOnUntouched() throws Exception {
    String error = "{\"object\":\"error\",\"message\":\"bad top_p\",\"code\":400}";
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.answers(400, "application/json", error));
        RouterHarness harness = harness(relay)) {
      HttpResponse<String> response = post(harness, "/v1/completions", "{\"model\":\"m\"}");

      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(response.body()).isEqualTo(error);
      assertThat(harness.outcomes()).containsExactly(Outcome.Cancelled.class);
      assertThat(harness.placement.leases().getFirst().events).doesNotContain("first token");
    }
  }

  @Test
  void body_thatIsNoJson_isTheEnginesToJudge() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.answers(422, "text/plain", "not JSON"));
        RouterHarness harness = harness(relay)) {
      assertThat(post(harness, "/v1/completions", "{\"model\":").body()).isEqualTo("not JSON");
      assertThat(relay.nextRequest().body()).isEqualTo("{\"model\":");
    }
  }

  @Test
  void conversation_withoutASessionId_isItsOwnSession() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(relay)) {
      long first = sessionOf(relay, harness, "hello", "");
      assertThat(first).isNotZero();
      String answered = ",{\"role\":\"assistant\",\"content\":\"b\"}";
      assertThat(sessionOf(relay, harness, "hello", answered)).isEqualTo(first);
      assertThat(sessionOf(relay, harness, "hallo", answered)).isNotEqualTo(first);
      assertThat(sessionOf(relay, harness, "hello" + "x".repeat(2_000), answered))
          .isEqualTo(sessionOf(relay, harness, "hello" + "x".repeat(2_000), ""))
          .isNotEqualTo(first);
    }
  }

  @Test
  void requests_ofOnePromptCacheKey_areOneSession() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(relay)) {
      long session = sessionOfKey(relay, harness, "k", "u");
      assertThat(session).isNotZero();
      assertThat(sessionOfKey(relay, harness, "k", "v")).isEqualTo(session);
      assertThat(sessionOfKey(relay, harness, "l", "u")).isNotEqualTo(session);
    }
  }

  private static long sessionOfKey(
      FakeRelay relay, RouterHarness harness, String cacheKey, String user) throws Exception {
    post(
        harness,
        "/v1/completions",
        "{\"model\":\"m\",\"prompt_cache_key\":\"%s\",\"user\":\"%s\",\"prompt\":\"%s\"}"
            .formatted(cacheKey, user, user));
    return relay.nextRequest().envelope().getSession();
  }

  private static long sessionOf(
      FakeRelay relay, RouterHarness harness, String message, String answered) throws Exception {
    post(
        harness,
        "/v1/chat/completions",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}%s]}"
            .formatted(message, answered));
    return relay.nextRequest().envelope().getSession();
  }

  @Test
  void request_thatGeneratesNothing_leavesNoTrace() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(relay)) {
      post(harness, "/tokenize", CHAT);
      FakeRelay.Request request = relay.nextRequest();
      assertThat(request.envelope().getStepHashesCount()).isZero();
      assertThat(request.envelope().getSession()).isZero();
      assertThat(request.body()).isEqualTo(CHAT);
    }
  }

  // ---- refusals and failures

  @Test
  void refusal_movesToTheNextReplica_andTheLastOneIsTooManyRequests() throws Exception {
    FakeRelay.Script full = FakeRelay.refuses(RefusalReason.REFUSAL_REASON_QUEUE_FULL);
    try (FakeRelay a = FakeRelay.start("a", full);
        FakeRelay b = FakeRelay.start("b", FakeRelay.answers(200, "application/json", "{}"));
        RouterHarness harness = harness(a, b)) {
      HttpResponse<String> served = post(harness, "/v1/completions", "{\"model\":\"m\"}");
      assertThat(served.headers().firstValue("x-warmpath-replica")).hasValue("b");
      assertThat(served.headers().firstValue("x-warmpath-attempts")).hasValue("2");
      assertThat(harness.outcomes())
          .containsExactly(Outcome.Refused.class, Outcome.Completed.class);
    }
    try (FakeRelay a = FakeRelay.start("a", full);
        FakeRelay b = FakeRelay.start("b", full);
        FakeRelay c = FakeRelay.start("c", full);
        RouterHarness harness = harness(a, b, c)) {
      HttpResponse<String> refused = post(harness, "/v1/completions", "{\"model\":\"m\"}");
      assertThat(refused.statusCode()).isEqualTo(429);
      assertThat(refused.headers().firstValue("retry-after")).hasValue("2");
      assertThat(refused.body()).contains("\"type\":\"rate_limit_error\"");
    }
  }

  @Test
  void failure_beforeTheFirstByte_isRepeatedElsewhereUnseen() throws Exception {
    FakeRelay.Script dies =
        (request, out) -> {
          FakeRelay.write(out, FakeRelay.streamHead());
          request.cut();
        };
    try (FakeRelay a = FakeRelay.start("a", dies);
        FakeRelay b = FakeRelay.start("b", FakeRelay.streams("data: x\n\n"));
        RouterHarness harness = harness(a, b)) {
      HttpResponse<String> response = post(harness, "/v1/completions", "{\"model\":\"m\"}");

      assertThat(response.body()).isEqualTo("data: x\n\n");
      assertThat(response.headers().firstValue("x-warmpath-replica")).hasValue("b");
      assertThat(harness.outcomes()).containsExactly(Outcome.Failed.class, Outcome.Completed.class);
    }
  }

  @Test
  void failure_midStream_isAnErrorEvent() throws Exception {
    try (FakeRelay a =
            FakeRelay.start(
                "a",
                (request, out) -> {
                  FakeRelay.write(out, FakeRelay.streamHead() + FakeRelay.chunk("data: x\n\n"));
                  request.cut();
                });
        RouterHarness harness = harness(a)) {
      HttpResponse<String> response = post(harness, "/v1/completions", "{\"model\":\"m\"}");

      assertThat(response.body())
          .startsWith("data: x\n\ndata: {\"error\":{\"message\":\"replica a failed")
          .endsWith("data: [DONE]\n\n");
      assertThat(harness.outcomes()).containsExactly(Outcome.Failed.class);
    }
  }

  @Test
  void engine_thatCannotServe_isReplacedUnseen_andTheLastOneSaysWhyItself() throws Exception {
    FakeRelay.Script unable = FakeRelay.fails(503, "retry-after: 7\r\n", "{\"why\":\"asleep\"}");
    try (FakeRelay a = FakeRelay.start("a", unable);
        FakeRelay b = FakeRelay.start("b", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a, b)) {
      assertThat(post(harness, "/v1/completions", "{\"model\":\"m\"}").body()).isEqualTo("one");
      assertThat(harness.outcomes()).containsExactly(Outcome.Failed.class, Outcome.Completed.class);
    }
    try (FakeRelay a = FakeRelay.start("a", unable);
        RouterHarness harness = harness(a)) {
      HttpResponse<String> response = post(harness, "/v1/completions", "{\"model\":\"m\"}");
      assertThat(response.statusCode()).isEqualTo(503);
      assertThat(response.body()).isEqualTo("{\"why\":\"asleep\"}");
      assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
      assertThat(response.headers().firstValue("retry-after")).hasValue("7");
    }
  }

  @Test
  void errorEvent_ofTheEngine_reachesTheClientAndIsAFailure() throws Exception {
    String event = "data: {\"error\":{}}\n\n";
    try (FakeRelay a =
            FakeRelay.start(
                "a",
                (request, out) ->
                    FakeRelay.write(
                        out,
                        FakeRelay.streamHead()
                            + FakeRelay.chunk(event)
                            + "0\r\nx-warmpath-failed: error event\r\n\r\n"));
        RouterHarness harness = harness(a)) {
      assertThat(post(harness, "/v1/completions", "{\"model\":\"m\"}").body()).isEqualTo(event);
      assertThat(harness.outcomes()).containsExactly(Outcome.Failed.class);
    }
  }

  @Test
  void rejection_ofTheWholeFleet_hasOpenAisForm() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.streams());
        RouterHarness harness = harness(a)) {
      harness.placement.refuseAll(PickResult.Rejected.Reason.NO_READY_REPLICA);
      HttpResponse<String> none = post(harness, "/v1/completions", "{\"model\":\"m\"}");
      assertThat(none.statusCode()).isEqualTo(503);
      assertThat(none.body())
          .isEqualTo(
              "{\"error\":{\"message\":\"no replica of model 'm' is ready\","
                  + "\"type\":\"server_error\",\"param\":null,\"code\":\"service_unavailable\"}}");
      HttpResponse<String> unknown = post(harness, "/v1/completions", "{\"model\":\"\\\"\"}");
      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(unknown.body()).contains("\"code\":\"model_not_found\"");
    }
  }

  // ---- the client

  @Test
  void client_thatGoesAway_endsTheExchangeAtTheRelay() throws Exception {
    try (FakeRelay a =
            FakeRelay.start(
                "a",
                (request, out) ->
                    FakeRelay.write(out, FakeRelay.streamHead() + FakeRelay.chunk("data: x\n\n")));
        RouterHarness harness = harness(a)) {
      try (Socket socket =
          new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort())) {
        socket
            .getOutputStream()
            .write("POST /v1/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}".getBytes(UTF_8));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
      FakeRelay.Request request = a.nextRequest();
      assertThat(harness.outcomes()).containsExactly(Outcome.Cancelled.class);
      request.awaitEnd();
      assertThat(a.connections()).isEqualTo(1);
    }
  }

  @Test
  void client_thatLeavesAfterTheLastEvent_wasServed() throws Exception {
    assertServed("/v1/completions", "da", "ta: [DONE]\n");
  }

  @Test
  void client_thatLeavesAfterTheLastEventOfAResponse_wasServed() throws Exception {
    assertServed("/v1/responses", "event: response.comp", "leted\ndata: {}\n");
  }

  /** Lets a client leave when it has both parts of the last event and the newline that ends it. */
  private static void assertServed(String path, String part, String rest) throws Exception {
    CountDownLatch clientLeft = new CountDownLatch(1);
    try (FakeRelay a =
            FakeRelay.start(
                "a",
                (request, out) -> {
                  FakeRelay.write(
                      out, FakeRelay.streamHead() + FakeRelay.chunk("data: x\n\n" + part));
                  FakeRelay.write(out, FakeRelay.chunk(rest) + FakeRelay.chunk("\n"));
                  FakeRelay.await(clientLeft);
                  FakeRelay.write(out, FakeRelay.streamTail());
                });
        RouterHarness harness = harness(a)) {
      try (Socket socket =
          new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort())) {
        socket.getOutputStream().write(post(path, "{}").getBytes(UTF_8));
        readUntil(socket.getInputStream(), rest + "\r\n1\r\n\n");
      }
      Await.until(
          "the door sees it",
          RouterHarness.LIMIT,
          () -> admin(harness).contains("warmpath_http_connections 0"));
      clientLeft.countDown();
      assertThat(harness.outcomes()).containsExactly(Outcome.Completed.class);
      assertThat(harness.placement.leases().getFirst().outcomes)
          .containsExactly(new Outcome.Completed(300, 128, 3));
    }
  }

  static String admin(RouterHarness harness) {
    try {
      return harness.admin("/metrics");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }

  static void readUntil(InputStream in, String ending) throws IOException {
    StringBuilder read = new StringBuilder();
    while (read.indexOf(ending) < 0) {
      int next = in.read();
      assertThat(next).as("after " + read).isNotNegative();
      read.append((char) next);
    }
  }

  @Test
  void client_thatReadsSlowly_holdsTheRelayBack() throws Exception {
    String chunk = FakeRelay.chunk("data: " + "x".repeat(10_000) + "\n\n");
    int chunks = 5_000;
    BlockingQueue<Integer> sent = new LinkedBlockingQueue<>();
    try (FakeRelay a =
            FakeRelay.start(
                "a",
                (request, out) -> {
                  FakeRelay.write(out, FakeRelay.streamHead());
                  for (int i = 1; i <= chunks; i++) {
                    FakeRelay.write(out, chunk);
                    sent.add(i);
                  }
                  FakeRelay.write(out, "0\r\n\r\n");
                });
        RouterHarness harness = harness(a);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort())) {
      socket.getOutputStream().write(post("{}").getBytes(UTF_8));
      int atRest = RestingPoint.of(sent);
      assertThat(atRest).isLessThan(chunks);

      InputStream in = socket.getInputStream();
      byte[] buffer = new byte[1 << 16];
      @Var long received = 0;
      while (received < (long) chunks * chunk.length()) {
        int count = in.read(buffer);
        assertThat(count).isPositive();
        received += count;
      }
      assertThat(harness.outcomes()).containsExactly(Outcome.Completed.class);
    }
  }

  @Test
  void drain_closesIdleConnectionsAtOnce() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(post("{}").getBytes(UTF_8));
      assertThat(new String(socket.getInputStream().readNBytes(15), UTF_8))
          .startsWith("HTTP/1.1 200 ");
      assertThat(harness.router.drain(java.time.Duration.ofSeconds(10))).isTrue();
      assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8)).endsWith("one");
    }
  }

  @Test
  void request_aheadOfItsTurn_isNotServedAndTheConnectionClosed() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a)) {
      String answers = raw(harness, post("{}") + post("{}"));

      assertThat(answers).endsWith("one");
      assertThat(answers.split("HTTP/1.1 200", -1)).hasSize(2);
      assertThat(harness.outcomes()).containsExactly(Outcome.Completed.class);
    }
  }

  @Test
  void requests_inSmugglingForms_reachTheRelayAsOne() throws Exception {
    String inner = "GET /v1/smuggled HTTP/1.1\r\n\r\n";
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a)) {
      for (String request :
          List.of(
              "POST /v1/x HTTP/1.1\r\nconnection: close\r\ncontent-length: 5\r\n"
                  + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"
                  + inner,
              "POST /v1/x HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n" + inner,
              "POST /v1/x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n" + inner,
              "POST /v1/x HTTP/1.1\r\ncontent-length: -1\r\n\r\n" + inner)) {
        raw(harness, request);
      }
      harness.outcomes();
      while (a.requestsWaiting() > 0) {
        FakeRelay.Request request = a.nextRequest();
        assertThat(request.line()).isEqualTo("POST /v1/x HTTP/1.1");
        assertThat(request.headers()).doesNotContainKey("transfer-encoding");
      }
    }
  }

  @Test
  void requests_ofRandomBytes_crashAndLeakNothing() throws Exception {
    String good = post("{\"model\":\"m\",\"prompt\":\"hello\"}");
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a)) {
      SeededCases.run(
          300,
          random -> {
            byte[] bytes = good.getBytes(UTF_8);
            for (int i = random.nextInt(1, 5); i > 0; i--) {
              bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort())) {
              socket.getOutputStream().write(bytes);
              socket.shutdownOutput();
              socket.setSoTimeout(10_000);
              socket.getInputStream().readAllBytes();
            } catch (IOException reset) {
              return; // A closed connection is an answer too.
            }
          });
      assertThat(post(harness, "/v1/completions", "{}").body()).isEqualTo("one");
      assertThat(harness.outcomes()).isNotEmpty();
      harness.placement.leases().forEach(lease -> assertThat(lease.outcomes).hasSize(1));
    }
  }

  @Test
  void request_thatIsNoHttpOrTooLarge_isRefusedAndTheConnectionClosed() throws Exception {
    try (RouterHarness harness = harness()) {
      assertThat(raw(harness, "NONSENSE\r\n\r\n")).startsWith("HTTP/1.1 400 ");
      assertThat(raw(harness, "GET /" + "x".repeat(9_000) + " HTTP/1.1\r\n\r\n"))
          .startsWith("HTTP/1.1 414 ");
      assertThat(raw(harness, "GET / HTTP/1.1\r\nx: " + "x".repeat(70_000) + "\r\n\r\n"))
          .startsWith("HTTP/1.1 431 ");
      assertThat(raw(harness, "POST /v1/completions HTTP/1.1\r\ncontent-length: 999999999\r\n\r\n"))
          .startsWith("HTTP/1.1 413 ");
      assertThat(raw(harness, "GET /metrics HTTP/1.1\r\nconnection: close\r\n\r\n"))
          .startsWith("HTTP/1.1 404 ");
      assertThat(rejected(harness, "malformed")).isEqualTo(1);
      assertThat(rejected(harness, "head_too_large")).isEqualTo(2);
      assertThat(rejected(harness, "body_too_large")).isEqualTo(1);
      assertThat(rejected(harness, "no_such_path")).isEqualTo(1);
    }
  }

  static double rejected(RouterHarness harness, String reason) throws Exception {
    URI metrics = URI.create("http://127.0.0.1:" + harness.router.adminPort() + "/metrics");
    return send(HttpRequest.newBuilder(metrics).build())
        .body()
        .lines()
        .filter(line -> line.startsWith("warmpath_http_rejected_total") && line.contains(reason))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  @Test
  void pages_ofTheRouterItself_areAnswered() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.streams());
        RouterHarness harness = harness(a)) {
      assertThat(get(harness, "/health").statusCode()).isEqualTo(200);
      assertThat(get(harness, "/ready").statusCode()).isEqualTo(200);
      assertThat(get(harness, "/v1/models").body())
          .isEqualTo(
              "{\"object\":\"list\",\"data\":[{\"id\":\"m\",\"object\":\"model\",\"created\":0,"
                  + "\"owned_by\":\"warmpath\",\"parent\":null}]}");
      assertThat(get(harness, "/sleep").statusCode()).isEqualTo(404);
      assertThat(get(harness, "/v1/load_lora_adapter").statusCode()).isEqualTo(404);
    }
  }

  static RouterHarness harness(FakeRelay... relays) throws IOException {
    RouterConfig config =
        RouterHarness.config(
                Arrays.stream(relays).map(FakeRelay::report).toArray(ReplicaReport[]::new))
            .withHttp(new RouterConfig.Listen("127.0.0.1", 0));
    return relays.length == 0 ? RouterHarness.withoutWaiting(config) : new RouterHarness(config);
  }

  private static HttpRequest.Builder request(RouterHarness harness, String path) {
    return HttpRequest.newBuilder(
        URI.create("http://127.0.0.1:" + harness.router.httpPort() + path));
  }

  static HttpResponse<String> post(RouterHarness harness, String path, String body)
      throws Exception {
    return send(request(harness, path).POST(HttpRequest.BodyPublishers.ofString(body)).build());
  }

  private static HttpResponse<String> get(RouterHarness harness, String path) throws Exception {
    return send(request(harness, path).build());
  }

  private static HttpResponse<String> send(HttpRequest request) throws Exception {
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  static String post(String body) {
    return post("/v1/completions", body);
  }

  private static String post(String path, String body) {
    return "POST "
        + path
        + " HTTP/1.1\r\nhost: x\r\ncontent-length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  static String raw(RouterHarness harness, String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(request.getBytes(UTF_8));
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), UTF_8);
    }
  }
}
