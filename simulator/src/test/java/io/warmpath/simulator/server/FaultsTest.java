package io.warmpath.simulator.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.testkit.Await;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What goes wrong on purpose, and load. */
final class FaultsTest {

  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final String STREAM = "{'prompt':'x','max_tokens':2000,'stream':true}";

  private SimulatedEngineServer server;
  private EngineClient client;
  private final List<CompletableFuture<?>> streams = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    EngineProfile profile = EngineProfile.named("8b-h100").withLimits(8_192, 8_192, 256);
    server = SimulatedEngineServer.start(EngineServerSettings.of("tiny", profile));
    client = new EngineClient(server.url());
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  @Test
  void kill_breaksStreamsAndRefusesConnections() throws Exception {
    var lines = client.open("/v1/completions", STREAM).iterator();
    assertThat(lines.next()).startsWith("data: {");

    server.kill();

    assertThatThrownBy(() -> lines.forEachRemaining(line -> {}))
        .hasRootCauseInstanceOf(IOException.class);
    assertThatThrownBy(() -> client.get("/health")).hasCauseInstanceOf(ConnectException.class);
    server.restart();
    assertThat(client.get("/health").statusCode()).isEqualTo(200);
    assertThat(server.snapshot().unfinishedRequests()).isZero();
  }

  @Test
  void refusedConnections_leaveOpenOnesAlone() throws Exception {
    assertThat(client.get("/health").statusCode()).isEqualTo(200);

    server.refuseConnections();

    // The socket closes at the next turn of the event loop.
    Await.until("refused", LIMIT, this::isRefused);
    assertThat(client.get("/health").statusCode()).isEqualTo(200);
    server.acceptConnections();
    new Socket(InetAddress.getLoopbackAddress(), server.port()).close();
  }

  @Test
  void metrics_canBeGarbageOrHang() {
    server.faults().setMetricsBody("}{ not metrics");
    assertThat(client.get("/metrics").body()).isEqualTo("}{ not metrics");

    server.faults().setMetricsBody(null);
    server.faults().setMetricsHanging(true);
    CompletableFuture<HttpResponse<String>> page =
        CompletableFuture.supplyAsync(() -> client.get("/metrics"));
    assertThat(client.get("/health").statusCode()).isEqualTo(200);
    assertThat(page).isNotDone();
  }

  @Test
  void refusal_hasItsStatus() {
    server.faults().setRefusalStatus(429);

    assertThat(client.post("/v1/completions", "{'prompt':'x'}").statusCode()).isEqualTo(429);
    assertThat(client.get("/health").statusCode()).isEqualTo(200);
  }

  @Test
  void fullQueue_refusesWith503AndCounts() throws Exception {
    client.close();
    server.close();
    server = SimulatedEngineServer.start(server.settings().withLimits(2, 1_000));
    client = new EngineClient(server.url());
    streams.add(client.postAsync("/v1/completions", STREAM));
    streams.add(client.postAsync("/v1/completions", STREAM));
    Await.until("two accepted", LIMIT, () -> server.snapshot().unfinishedRequests() == 2);

    assertThat(client.post("/v1/completions", "{'prompt':'x'}").statusCode()).isEqualTo(503);

    assertThat(client.get("/metrics").body())
        .contains(
            "vllm:admission_rejections_total{engine=\"0\",model_name=\"tiny\","
                + "reason=\"max_num_queued_reqs\"} 1.0");
    String tooLong = "{'prompt':'" + "x".repeat(2_000) + "'}";
    assertThat(client.post("/v1/completions", tooLong).statusCode()).isEqualTo(413);
  }

  @Test
  void takenPort_isOneClearSentence() {
    assertThatThrownBy(
            () -> {
              EngineServerSettings taken =
                  server.settings().listeningOn("127.0.0.1", server.port());
              SimulatedEngineServer.start(taken).close();
            })
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot listen on 127.0.0.1:" + server.port());
  }

  @Test
  void pipelinedRequests_areAnsweredInOrder() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout((int) LIMIT.toMillis());
      String slow = EngineClient.quotes("{'prompt':'x','max_tokens':2}");
      String requests =
          "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: "
              + slow.length()
              + "\r\n\r\n"
              + slow
              + "GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
              + "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(requests.getBytes(StandardCharsets.US_ASCII));

      String answers =
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);

      assertThat(answers.indexOf("text_completion")).isPositive();
      assertThat(answers.indexOf("0.32.0")).isGreaterThan(answers.indexOf("text_completion"));
      assertThat(answers.indexOf("404 Not Found")).isGreaterThan(answers.indexOf("0.32.0"));
    }
  }

  @Test
  void brokenHttp_isRefusedAndClosed() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout((int) LIMIT.toMillis());
      socket.getOutputStream().write("nonsense\r\n\r\n".getBytes(StandardCharsets.US_ASCII));

      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);

      assertThat(answer).startsWith("HTTP/1.1 400");
    }
    assertThat(client.get("/health").statusCode()).isEqualTo(200);
  }

  @Test
  void manyStreams_allEndWhole() throws Exception {
    List<CompletableFuture<HttpResponse<InputStream>>> answers = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      answers.add(
          client.postAsync(
              "/v1/completions", "{'prompt':'p" + i + "','max_tokens':20,'stream':true}"));
    }

    @Var int whole = 0;
    for (CompletableFuture<HttpResponse<InputStream>> answer : answers) {
      try (InputStream body = answer.join().body()) {
        String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
        assertThat(text.lines().filter(line -> !line.isEmpty())).hasSize(21);
        whole += text.endsWith("data: [DONE]\n\n") ? 1 : 0;
      }
    }

    assertThat(whole).isEqualTo(300);
    assertThat(server.snapshot().unfinishedRequests()).isZero();
    assertThat(server.snapshot().usedBlocks()).isZero();
  }

  private boolean isRefused() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      return !socket.isConnected();
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
