package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.warmpath.agent.AgentFixture.Call;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.State;
import io.warmpath.testkit.Await;
import io.warmpath.v1.DrainRequest;
import io.warmpath.v1.DrainResponse;
import io.warmpath.v1.RefusalReason;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.ReplicaServiceGrpc;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The agent over real sockets, between a real ZooKeeper and an engine that does what it is told.
 */
final class AgentTest {

  @TempDir Path dir;
  private FakeEngine engine;
  private AgentFixture fixture;

  @BeforeEach
  void start() throws IOException {
    engine = FakeEngine.start();
    fixture = new AgentFixture(dir, AgentConfig.Queue.DEFAULT, engine.url());
    fixture.awaitState("replica-0", State.READY);
  }

  @AfterEach
  void stop() {
    fixture.close();
    engine.close();
  }

  @Test
  void report_readyEngine_namesModelCacheAndAddress() {
    ReplicaReport report = fixture.awaitState("replica-0", State.READY);
    assertThat(report.identity().address()).endsWith(":" + fixture.agent.grpcPort());
    assertThat(report.identity().models())
        .containsExactly(new ReplicaReport.ServedModel("m", 4096, List.of("adapter")));
    assertThat(report.cache().capacityTokens()).isEqualTo(16_000);
    assertThat(report.cache().usedTokens()).isEqualTo(4_000);
    assertThat(report.cache().blockSizeTokens()).isEqualTo(16);
    assertThat(report.load().saturation()).isZero();
  }

  @Test
  void generate_streams_placementDeltasUsage() throws Exception {
    Call call = fixture.start(AgentFixture.request());
    assertThat(call.end()).isEqualTo(Status.OK);
    List<ReplicaGenerateResponse> messages = call.all();
    assertThat(messages).hasSize(4);
    assertThat(messages.get(0).getPlacement().getReplicaId()).isEqualTo("replica-0");
    assertThat(messages.get(0).getPlacement().getFamily()).isEqualTo(77);
    assertThat(messages.get(1).getDelta().getText()).isEqualTo("Hello");
    assertThat(messages.get(2).getDelta().getText()).isEqualTo(" world");
    assertThat(messages.get(2).getDelta().getTokenCount()).isEqualTo(1);
    assertThat(messages.get(3).getCompleted().getUsage().getCachedTokens()).isEqualTo(1984);
    assertThat(messages.get(3).getCompleted().getUsage().getCompletionTokens()).isEqualTo(2);
    assertThat(messages.get(3).getCompleted().getUsage().getCachedTokensEstimated()).isFalse();
    ReplicaReport report = fixture.awaitReport("replica-0", seen -> seen.totals().requests() == 1);
    assertThat(report.totals().cachedTokens()).isEqualTo(1984);
    assertThat(report.totals().computedTokens()).isEqualTo(16);
    assertThat(report.anchors().size()).isPositive();
    assertThat(report.load().pendingWorkSeconds()).isZero();
    assertThat(report.load().runningRequests()).isZero();
  }

  @Test
  void generate_headers_carryRequestIdAndBodyTokens() throws Exception {
    ReplicaGenerateRequest.Builder request = AgentFixture.request().toBuilder();
    request.getRequestBuilder().setRequestId("abc-1").setLoraAdapter("adapter");
    assertThat(fixture.start(request.build()).end()).isEqualTo(Status.OK);
    FakeEngine.Request seen = engine.generateRequests().take();
    assertThat(seen.headers()).containsEntry("x-request-id", "abc-1");
    assertThat(seen.body()).contains("\"model\":\"adapter\"").contains("\"prompt\":[0,1,2,");
  }

  @Test
  void generate_connection_isReused() throws Exception {
    for (int i = 0; i < 5; i++) {
      assertThat(fixture.start(AgentFixture.request()).end()).isEqualTo(Status.OK);
    }
    // One for the metrics and one for the requests, unless a look at the metrics came between.
    assertThat(engine.connections()).isLessThanOrEqualTo(2);
  }

  @Test
  void generate_aboveLimit_isRefusedWithPendingWork() throws Exception {
    CountDownLatch release = hangBeforeFirstToken();
    Call first = fixture.start(AgentFixture.request());
    assertThat(first.next().hasPlacement()).isTrue();
    // The work of the first falls as time passes, that of one behind it does not.
    Call behind = fixture.start(AgentFixture.request());
    assertThat(behind.next().hasPlacement()).isTrue();
    Call second =
        fixture.start(AgentFixture.request().toBuilder().setPendingWorkLimitSeconds(0.001).build());
    assertThat(second.end()).isEqualTo(Status.OK);
    assertThat(second.all()).hasSize(1);
    assertThat(second.next().getRefused().getReason())
        .isEqualTo(RefusalReason.REFUSAL_REASON_ABOVE_LIMIT);
    release.countDown();
    assertThat(first.end()).isEqualTo(Status.OK);
    assertThat(behind.end()).isEqualTo(Status.OK);
    assertThat(fixture.metric("warmpath_agent_refusals_total", "above_limit")).isEqualTo(1);
  }

  @Test
  void generate_otherEpoch_isRefused() throws Exception {
    Call call = fixture.start(AgentFixture.request().toBuilder().setEpoch(1).build());
    assertThat(call.next().getRefused().getReason())
        .isEqualTo(RefusalReason.REFUSAL_REASON_WRONG_EPOCH);
  }

  @Test
  void generate_cancelled_closesConnectionToEngine() throws Exception {
    CountDownLatch left = new CountDownLatch(1);
    engine.on(
        "/v1/completions",
        (request, reply) -> {
          reply.beginStream();
          reply.event(FakeEngine.chunk("a", 1));
          reply.awaitClientLeaving();
          left.countDown();
        });
    Call call = fixture.start(AgentFixture.request());
    assertThat(call.next().hasPlacement()).isTrue();
    assertThat(call.next().hasDelta()).isTrue();
    call.cancel();
    assertThat(left.await(10, TimeUnit.SECONDS)).isTrue();
    awaitIdle("cancelled", 1);
  }

  @Test
  void generate_cancelledWhileComputed_leavesNoPendingWork() throws Exception {
    CountDownLatch release = hangBeforeFirstToken();
    Call call = fixture.start(AgentFixture.request());
    assertThat(call.next().hasPlacement()).isTrue();
    engine.generateRequests().take();
    call.cancel();
    awaitIdle("cancelled", 1);
    release.countDown();
  }

  @Test
  void generate_engineRefuses_passesItsWordsOn() throws Exception {
    engine.on(
        "/v1/completions",
        (request, reply) ->
            reply.page(
                400,
                "application/json",
                "{\"error\":{\"message\":\"maximum context length is 4096\",\"code\":400}}"));
    Status status = fixture.start(AgentFixture.request()).end();
    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription()).isEqualTo("maximum context length is 4096");
    awaitIdle("engine_refused", 1);
  }

  @Test
  void generate_engineOverloaded_isResourceExhausted() throws Exception {
    engine.on("/v1/completions", (request, reply) -> reply.page(429, "text/plain", "no"));
    Status status = fixture.start(AgentFixture.request()).end();
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription()).isEqualTo("the engine answered with status 429");
  }

  @Test
  void generate_malformedStreams_endInOneSentenceAndLeaveNothing() throws Exception {
    List<String> streams =
        List.of(
            "data: {\"choices\":[{\"index\":0,\n\n",
            "data: not json\n\n",
            "data: {\"choices\":7}\n\n",
            "data: {\"choices\":[{\"index\":-1,\"text\":\"a\"}]}\n\n",
            "data: [1]\n\n",
            "data: {\"choices\":[]}\n\n");
    for (String stream : streams) {
      engine.on(
          "/v1/completions",
          (request, reply) -> {
            reply.beginStream();
            reply.piece(stream);
            reply.endStream();
          });
      Status status = fixture.start(AgentFixture.request()).end();
      assertThat(status.getCode()).as(stream).isEqualTo(Status.Code.INTERNAL);
      assertThat(status.getDescription())
          .startsWith("replica replica-0: the engine's stream is malformed: ");
    }
    awaitIdle("malformed", streams.size());
  }

  @Test
  void generate_notAStream_isMalformed() throws Exception {
    engine.on("/v1/completions", (request, reply) -> reply.page(200, "application/json", "{}"));
    Status status = fixture.start(AgentFixture.request()).end();
    assertThat(status.getDescription()).endsWith("its content type is not text/event-stream");
    awaitIdle("malformed", 1);
  }

  @Test
  void generate_unknownNames_areNotFound() throws Exception {
    ReplicaGenerateRequest.Builder request = AgentFixture.request().toBuilder();
    request.getRequestBuilder().setModel("other");
    assertThat(fixture.start(request.build()).end().getDescription())
        .isEqualTo("model is 'other'; replica replica-0 does not serve it");
    request.getRequestBuilder().setModel("m").setLoraAdapter("nope");
    assertThat(fixture.start(request.build()).end().getDescription())
        .isEqualTo("lora_adapter is 'nope'; replica replica-0 does not serve it");
    request.setReplicaId("elsewhere");
    Status status = fixture.start(request.build()).end();
    assertThat(status.getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(status.getDescription())
        .isEqualTo("replica_id is 'elsewhere'; this agent serves replica-0");
  }

  @Test
  void engineDeath_failsRequestsAndIsReported_andItsReturnIsANewEpoch() throws Exception {
    CountDownLatch release = hangBeforeFirstToken();
    long epoch = fixture.awaitState("replica-0", State.READY).epoch();
    Call call = fixture.start(AgentFixture.request());
    engine.generateRequests().take();
    engine.kill();
    assertThat(call.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    fixture.awaitState("replica-0", State.DOWN);
    assertThat(fixture.admin("/ready")).startsWith("503 ");
    Call refused = fixture.start(AgentFixture.request());
    assertThat(refused.next().getRefused().getReason())
        .isEqualTo(RefusalReason.REFUSAL_REASON_NOT_READY);
    release.countDown();
    engine.restart();
    ReplicaReport report = fixture.awaitState("replica-0", State.READY);
    assertThat(report.epoch()).isGreaterThan(epoch);
    awaitIdle("engine_failed", 1);
  }

  @Test
  void metrics_garbageHangOrError_areUnknownNeverIdle() {
    List<FakeEngine.Handler> bad =
        List.of(
            (request, reply) -> reply.page(200, "text/plain", "<html>oops</html>"),
            (request, reply) -> reply.page(500, "text/plain", ""),
            (request, reply) -> reply.page(200, "text/plain", ""),
            (request, reply) -> reply.page(200, "text/plain", "vllm:num_requests_running NaN\n"),
            (request, reply) -> reply.awaitClientLeaving(),
            (request, reply) -> reply.raw("no http at all\r\n\r\n"),
            (request, reply) -> reply.close());
    FakeEngine.Handler good = (request, reply) -> reply.page(200, "text/plain", FakeEngine.METRICS);
    for (FakeEngine.Handler handler : bad) {
      engine.on("/metrics", handler);
      ReplicaReport report = fixture.awaitState("replica-0", State.UNKNOWN);
      assertThat(report.cache().usedTokens()).isEqualTo(4_000);
      engine.on("/metrics", good);
      fixture.awaitState("replica-0", State.READY);
    }
  }

  @Test
  void countersBackAtZero_areANewEpochWithoutAnchors() throws Exception {
    assertThat(fixture.start(AgentFixture.request()).end()).isEqualTo(Status.OK);
    ReplicaReport before = fixture.awaitReport("replica-0", report -> report.anchors().size() > 0);
    String restarted = FakeEngine.METRICS.replace("1000.0", "0.0");
    engine.on("/metrics", (request, reply) -> reply.page(200, "text/plain", restarted));
    ReplicaReport after =
        fixture.awaitReport("replica-0", report -> report.epoch() > before.epoch());
    assertThat(after.anchors().size()).isZero();
    assertThat(after.totals().requests()).isZero();
  }

  @Test
  void sleepingEngine_givesBackWhatItHas_takesNothing_andWakesWithANewEpoch() throws Exception {
    CountDownLatch release = hangBeforeFirstToken();
    Call begun = fixture.start(AgentFixture.request());
    assertThat(begun.next().hasPlacement()).isTrue();
    long epoch = fixture.awaitState("replica-0", State.READY).epoch();
    String asleep =
        FakeEngine.METRICS + "vllm:engine_sleep_state{sleep_state=\"discard_all\"} 1.0\n";
    engine.on("/metrics", (request, reply) -> reply.page(200, "text/plain", asleep));
    fixture.awaitState("replica-0", State.STARTING);
    Status end = begun.end();
    assertThat(end.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(end.getDescription()).isEqualTo("replica replica-0: the engine sleeps");
    release.countDown();
    assertThat(fixture.start(AgentFixture.request()).next().getRefused().getReason())
        .isEqualTo(RefusalReason.REFUSAL_REASON_NOT_READY);
    engine.on("/metrics", (request, reply) -> reply.page(200, "text/plain", FakeEngine.METRICS));
    assertThat(fixture.awaitState("replica-0", State.READY).epoch()).isGreaterThan(epoch);
  }

  @Test
  void drain_finishesWhatRuns_refusesNewAndLeaves() throws Exception {
    CountDownLatch release = hangBeforeFirstToken();
    Call running = fixture.start(AgentFixture.request());
    assertThat(running.next().hasPlacement()).isTrue();
    engine.generateRequests().take();
    Thread drain = Thread.ofVirtual().start(() -> fixture.agent.drain(Duration.ofSeconds(20)));
    fixture.awaitState("replica-0", State.DRAINING);
    assertThat(fixture.start(AgentFixture.request()).next().getRefused().getReason())
        .isEqualTo(RefusalReason.REFUSAL_REASON_DRAINING);
    assertThat(drain.isAlive()).isTrue();
    release.countDown();
    assertThat(running.end()).isEqualTo(Status.OK);
    assertThat(drain.join(Duration.ofSeconds(10))).isTrue();
    fixture.agent.close();
    fixture.awaitGone("replica-0");
  }

  @Test
  void drain_timeIsUp_cutsOffTheRestAndSaysSo() throws Exception {
    CountDownLatch release = hangBeforeFirstToken();
    Call running = fixture.start(AgentFixture.request());
    assertThat(running.next().hasPlacement()).isTrue();
    DrainResponse response =
        ReplicaServiceGrpc.newBlockingStub(fixture.channel())
            .drain(DrainRequest.newBuilder().setTimeoutSeconds(0.2).build());
    assertThat(response.getCancelledRequests()).isEqualTo(1);
    assertThat(response.getCompletedRequests()).isZero();
    assertThat(running.end().getDescription())
        .isEqualTo("replica replica-0 is leaving and the request took too long");
    release.countDown();
  }

  @Test
  void slowReader_holdsTheEngineBack() throws Exception {
    String text = "x".repeat(8_000);
    int events = 3_000;
    int[] written = new int[1];
    engine.on(
        "/v1/completions",
        (request, reply) -> {
          reply.beginStream();
          for (int i = 0; i < events; i++) {
            reply.event(FakeEngine.chunk(text, i + 1));
            synchronized (written) {
              written[0] = i + 1;
            }
          }
          reply.event("[DONE]");
          reply.endStream();
        });
    SlowReader reader = new SlowReader(fixture.channel());
    reader.start(AgentFixture.request());
    // 24 MB are not written while nobody reads: sockets and windows hold a small part of it.
    Await.until("the engine is held back", AgentFixture.LIMIT, new SteadyCount(written));
    synchronized (written) {
      assertThat(written[0]).isLessThan(events);
    }
    reader.readAll();
    assertThat(reader.end().isOk()).isTrue();
    assertThat(reader.messages()).isEqualTo(events + 2);
  }

  /** Holds when the count is above 0 and did not change for a while of polls. */
  private static final class SteadyCount implements java.util.function.BooleanSupplier {
    private final int[] count;
    private int last;
    private int polls;

    SteadyCount(int[] count) {
      this.count = count;
    }

    @Override
    public boolean getAsBoolean() {
      synchronized (count) {
        polls = count[0] == last ? polls + 1 : 0;
        last = count[0];
        return last > 0 && polls > 100;
      }
    }
  }

  private CountDownLatch hangBeforeFirstToken() {
    CountDownLatch release = new CountDownLatch(1);
    engine.on(
        "/v1/completions",
        (request, reply) -> {
          reply.beginStream();
          try {
            release.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          reply.event(FakeEngine.chunk("late", 1));
          reply.event(FakeEngine.usage(2000, 1, 0));
          reply.event("[DONE]");
          reply.endStream();
        });
    return release;
  }

  /** So many requests ended in this way, and the replica has nothing left to do. */
  private void awaitIdle(String outcome, int count) throws Exception {
    ReplicaReport report =
        fixture.awaitReport(
            "replica-0",
            seen ->
                seen.load().pendingWorkSeconds() == 0
                    && seen.load().pendingPrefillTokens() == 0
                    && seen.load().waitingRequests() == 0
                    && seen.load().runningRequests() == 0);
    assertThat(report.load().saturation()).isZero();
    assertThat(fixture.metric("warmpath_agent_requests_total", outcome)).isEqualTo(count);
  }
}
