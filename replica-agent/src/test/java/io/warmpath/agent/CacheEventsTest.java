package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.grpc.Status;
import io.warmpath.agent.kv.CacheContent;
import io.warmpath.agent.kv.KvEvent;
import io.warmpath.agent.kv.KvEventSubscriber;
import io.warmpath.hashing.PrefixHasher;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.State;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.server.EngineServerSettings;
import io.warmpath.simulator.server.KvEventSettings;
import io.warmpath.simulator.server.KvEventSettings.EventForm;
import io.warmpath.simulator.server.KvEventSettings.ReplayForm;
import io.warmpath.simulator.server.SimulatedEngineServer;
import io.warmpath.testkit.Await;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.TokenIds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cache events of the simulated engine over real sockets, in both of their forms. */
final class CacheEventsTest {

  private static final int STEP_TOKENS = 128;
  private static final int BLOCKS = 400;
  private static final int BLOCK_TOKENS = 16;

  @TempDir Path dir;
  private SimulatedEngineServer engine;
  private AgentFixture fixture;

  @BeforeEach
  void start() throws IOException {
    start(EventForm.MAP, ReplayForm.WITH_TOPIC);
  }

  private void start(EventForm eventForm, ReplayForm replayForm) throws IOException {
    EngineProfile profile =
        EngineProfile.named("8b-h100")
            .atSpeed(100)
            .withLimits(4_096, 8_192, 256)
            .withCache(BLOCKS, BLOCK_TOKENS);
    engine =
        SimulatedEngineServer.start(
            EngineServerSettings.of("m", profile)
                .withKvEvents(KvEventSettings.local().withForms(eventForm, replayForm)));
    AgentConfig.Engine config =
        new AgentConfig.Engine(engine.url().toString(), "replica-0", 1)
            .withKvEvents(Objects.requireNonNull(engine.eventEndpoint()), engine.replayEndpoint());
    fixture = new AgentFixture(dir, AgentConfig.Queue.DEFAULT, List.of(config));
    fixture.awaitState("replica-0", State.READY);
  }

  @AfterEach
  void stop() {
    fixture.close();
    engine.close();
  }

  @Test
  void report_evictedSteps_markIsWhenTheyWereLastUsed() throws Exception {
    // The cache holds 6,400 tokens: six prompts of 2,000 push the first three out.
    for (int i = 0; i < 3; i++) {
      serve(i);
    }
    ReplicaReport half =
        fixture.awaitReport("replica-0", report -> report.totals().requests() == 3);
    assertThat(half.cache().evictionAgeSeconds()).isInfinite();
    for (int i = 3; i < 6; i++) {
      serve(i);
    }
    ReplicaReport full =
        fixture.awaitReport(
            "replica-0",
            report ->
                report.cache().evictionAgeSeconds() < Double.POSITIVE_INFINITY
                    && report.totals().requests() == 6);
    // Both are times before the report: what was evicted was used in the first half.
    double markSinceReady = full.readySeconds() - full.cache().evictionAgeSeconds();
    assertThat(markSinceReady).isBetween(0.0, half.readySeconds());
  }

  /** Events do not know the steps of a text, and so not when they were used again. */
  @Test
  void report_textUsedAgainBeforeItsEviction_markIsNotBeforeThat() throws Exception {
    for (int i = 1; i < 12; i++) {
      serveText(i);
      serveText(0);
    }
    serveText(12);
    ReplicaReport before =
        fixture.awaitReport("replica-0", report -> report.totals().requests() == 23);
    serveText(0);
    for (int i = 13; i < 16; i++) {
      serveText(i);
    }
    // The last three fill the cache but for 400 tokens: prompt 0 lost its tail, they did not.
    fixture.awaitReport(
        "replica-0",
        report ->
            report.totals().requests() == 27
                && report.readySeconds() - report.cache().evictionAgeSeconds()
                    > before.readySeconds());
  }

  @Test
  void events_areCounted() throws Exception {
    // What was published before the subscription was there comes with the next event, if any does.
    for (int i = 0; i < 1_000 && metric("warmpath_agent_kv_events_batches_total") == 0; i++) {
      serve(i);
    }
    assertThat(metric("warmpath_agent_kv_events_batches_total")).isPositive();
    assertThat(metric("warmpath_agent_kv_events_malformed_total")).isZero();
    assertThat(metric("warmpath_agent_kv_events_unknown_parents_total")).isZero();
  }

  private double metric(String name) {
    try {
      return fixture.metric(name, "replica-0");
    } catch (IOException | InterruptedException failed) {
      throw new AssertionError(failed);
    }
  }

  @Test
  void subscriber_joinsLate_inBothForms_knowsTheSameAsTheEngine() throws Exception {
    joinLateAndCompare();
    stop();
    start(EventForm.ARRAY, ReplayForm.WITHOUT_TOPIC);
    joinLateAndCompare();
  }

  private void joinLateAndCompare() throws Exception {
    for (int i = 0; i < 5; i++) {
      serve(i);
    }
    CacheContent content = new CacheContent(STEP_TOKENS, 10_000);
    content.setModel("m");
    AtomicInteger lost = new AtomicInteger();
    KvEventSubscriber.Listener listener =
        new KvEventSubscriber.Listener() {
          @Override
          public void onEvents(List<KvEvent> events) {
            synchronized (content) {
              events.forEach(event -> content.apply(event, System.nanoTime()));
            }
          }

          @Override
          public void onLost() {
            lost.incrementAndGet();
          }
        };
    try (KvEventSubscriber subscriber =
        new KvEventSubscriber(
            Objects.requireNonNull(engine.eventEndpoint()),
            engine.replayEndpoint(),
            "test",
            listener)) {
      subscriber.start();
      // A subscriber hears nothing of the past until the next batch tells it what it missed.
      @Var int next = 5;
      while (subscriber.batches() == 0) {
        serve(next++);
      }
      Await.until(
          "the engine's blocks are known",
          AgentFixture.LIMIT,
          () -> {
            synchronized (content) {
              return content.cachedTokens()
                  == (long) BLOCK_TOKENS * engine.snapshot().cachedBlocks();
            }
          });
      assertThat(lost).hasValue(0);
      assertThat(subscriber.malformed()).isZero();
    }
  }

  /** Serves prompt {@code index}, of 2,000 tokens that it shares with no other. */
  private void serve(int index) throws Exception {
    int[] tokens = tokens(index);
    serve(
        tokens,
        PrefixHasher.chainTokens(
            PrefixHasher.seed("m", "", ""), tokens, tokens.length, STEP_TOKENS));
  }

  /** The same as a router does that hashed its text. */
  private void serveText(int index) throws Exception {
    long[] steps = new long[15];
    Arrays.setAll(steps, step -> index * 1_000L + step + 1);
    serve(tokens(index), steps);
  }

  private static int[] tokens(int index) {
    int[] tokens = new int[2_000];
    Arrays.setAll(tokens, i -> 1 + (index * 37 + i * 11) % 50_000);
    return tokens;
  }

  private void serve(int[] tokens, long[] steps) throws Exception {
    TokenIds.Builder ids = TokenIds.newBuilder();
    Arrays.stream(tokens).forEach(ids::addIds);
    ReplicaGenerateRequest.Builder request =
        AgentFixture.request().toBuilder().clearStepHashes().setExpectedCachedTokens(0);
    for (long step : steps) {
      request.addStepHashes(step);
    }
    request.getRequestBuilder().setTokenIds(ids);
    request.getRequestBuilder().getSamplingBuilder().setMaxTokens(4).setIgnoreEos(true);
    assertThat(fixture.start(request.build()).end()).isEqualTo(Status.OK);
  }
}
