package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.grpc.Status;
import io.warmpath.agent.AgentFixture.Call;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.State;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.server.EngineServerSettings;
import io.warmpath.simulator.server.SimulatedEngineServer;
import io.warmpath.testkit.Await;
import io.warmpath.v1.ChatMessage;
import io.warmpath.v1.ChatPrompt;
import io.warmpath.v1.Delta;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.TokenIds;
import io.warmpath.v1.Usage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent in front of the simulated engine: everything as in the real thing, but the model. */
final class SimulatedEngineTest {

  private static final double SPEED = 4;

  @TempDir Path dir;
  private SimulatedEngineServer engine;
  private AgentFixture fixture;

  @BeforeEach
  void start() throws IOException {
    engine =
        SimulatedEngineServer.start(
            EngineServerSettings.of("m", EngineProfile.named("8b-h100").atSpeed(SPEED))
                .withLoraAdapters(List.of("adapter")));
    fixture = new AgentFixture(dir, AgentConfig.Queue.DEFAULT, engine.url().toString());
    fixture.awaitState("replica-0", State.READY);
  }

  @AfterEach
  void stop() {
    fixture.close();
    engine.close();
  }

  @Test
  void report_readsTheEnginesOwnLimits() {
    ReplicaReport report = fixture.awaitState("replica-0", State.READY);
    EngineProfile profile = engine.settings().profile();
    assertThat(report.cache().capacityTokens()).isEqualTo(profile.capacityTokens());
    assertThat(report.cache().blockSizeTokens()).isEqualTo(profile.blockSizeTokens());
    ReplicaReport.ServedModel model = report.identity().models().getFirst();
    assertThat(model.loraAdapters()).containsExactly("adapter");
    assertThat(model.maxModelLenTokens()).isPositive();
  }

  @Test
  void generate_samePromptTwice_isCachedButForItsLastBlock() throws Exception {
    assertThat(usage(AgentFixture.request()).getCachedTokens()).isZero();
    int blockTokens = engine.settings().profile().blockSizeTokens();
    Usage second = usage(AgentFixture.request());
    assertThat(second.getPromptTokens()).isEqualTo(2000);
    assertThat(second.getCachedTokens()).isEqualTo(1999 / blockTokens * blockTokens);
    assertThat(second.getCachedTokensEstimated()).isFalse();
    ReplicaGenerateRequest.Builder salted = AgentFixture.request().toBuilder();
    salted.getRequestBuilder().setCacheSalt("other");
    assertThat(usage(salted.build()).getCachedTokens()).isZero();
  }

  @Test
  void engineThatDoesNotTell_cachedTokensAreMeasuredByItsCounter() throws Exception {
    restartWithoutDetails();
    // Nothing of these was ever sent, whatever the router expects.
    @Var int cached = 1_000;
    for (int i = 0; cached >= 500; i++) {
      assertThat(i).as("prompts after which 1,000 tokens are still expected").isLessThan(500);
      ReplicaGenerateRequest.Builder salted = AgentFixture.request().toBuilder();
      salted.getRequestBuilder().setCacheSalt("salt " + i);
      Usage usage = usage(salted.build());
      assertThat(usage.getCachedTokensEstimated()).isTrue();
      cached = usage.getCachedTokens();
      assertThat(cached).isBetween(0, 1_000);
    }
    assertThat(fixture.admin("/metrics"))
        .contains("warmpath_agent_usages_total{cached=\"measured\",replica=\"replica-0\"}")
        .contains("warmpath_agent_usages_total{cached=\"told\",replica=\"replica-0\"} 0.0");
  }

  private void restartWithoutDetails() throws IOException {
    stop();
    engine =
        SimulatedEngineServer.start(
            EngineServerSettings.of("m", EngineProfile.named("8b-h100").atSpeed(SPEED))
                .withPromptTokensDetails(false));
    fixture =
        new AgentFixture(dir.resolve("again"), AgentConfig.Queue.DEFAULT, engine.url().toString());
    fixture.awaitState("replica-0", State.READY);
  }

  @Test
  void generate_chat_streamsAsManyTokensAsAskedFor() throws Exception {
    ReplicaGenerateRequest.Builder request =
        AgentFixture.request().toBuilder()
            .clearStepHashes()
            .setPromptTokens(0)
            .setExpectedCachedTokens(0);
    request
        .getRequestBuilder()
        .setChat(
            ChatPrompt.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent("Hello?")));
    request.getRequestBuilder().getSamplingBuilder().setMaxTokens(12).setIgnoreEos(true);
    Call call = fixture.start(request.build());
    assertThat(call.end()).isEqualTo(Status.OK);
    List<Delta> deltas =
        call.all().stream()
            .filter(ReplicaGenerateResponse::hasDelta)
            .map(ReplicaGenerateResponse::getDelta)
            .toList();
    assertThat(deltas.getLast().getFinishReason()).isEqualTo("length");
    assertThat(call.all().getLast().getCompleted().getUsage().getCompletionTokens()).isEqualTo(12);
    assertThat(deltas.stream().map(Delta::getText).reduce("", String::concat)).isNotBlank();
  }

  @Test
  void generate_promptBeyondTheModel_isTheEnginesSentence() throws Exception {
    int length = engine.settings().profile().maxModelLenTokens() + 1;
    TokenIds.Builder ids = TokenIds.newBuilder();
    for (int i = 0; i < length; i++) {
      ids.addIds(i % 1000);
    }
    ReplicaGenerateRequest.Builder request =
        AgentFixture.request().toBuilder().setPromptTokens(length);
    request.getRequestBuilder().setTokenIds(ids);
    Status status = fixture.start(request.build()).end();
    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription()).contains("maximum context length");
  }

  @Test
  void generate_cancelled_stopsAtTheEngine() throws Exception {
    ReplicaGenerateRequest.Builder request = AgentFixture.request().toBuilder();
    request.getRequestBuilder().getSamplingBuilder().setMaxTokens(5_000).setIgnoreEos(true);
    Call call = fixture.start(request.build());
    assertThat(call.next().hasPlacement()).isTrue();
    assertThat(call.next().hasDelta()).isTrue();
    assertThat(engine.snapshot().runningRequests()).isEqualTo(1);
    call.cancel();
    Await.until(
        "nothing runs", AgentFixture.LIMIT, () -> engine.snapshot().unfinishedRequests() == 0);
  }

  @Test
  void killedEngine_isDownAndComesBackWithANewEpoch() throws Exception {
    assertThat(usage(AgentFixture.request()).getCachedTokens()).isZero();
    long epoch = fixture.awaitState("replica-0", State.READY).epoch();
    engine.kill();
    fixture.awaitState("replica-0", State.DOWN);
    engine.restart();
    ReplicaReport report = fixture.awaitState("replica-0", State.READY);
    assertThat(report.epoch()).isGreaterThan(epoch);
    assertThat(report.anchors().size()).isZero();
    assertThat(usage(AgentFixture.request()).getCachedTokens()).isZero();
  }

  @Test
  void frozenEngine_isUnknownAndRecoversWithItsCache() throws Exception {
    assertThat(usage(AgentFixture.request()).getCachedTokens()).isZero();
    long epoch = fixture.awaitState("replica-0", State.READY).epoch();
    engine.freeze();
    fixture.awaitState("replica-0", State.UNKNOWN);
    engine.thaw();
    assertThat(fixture.awaitState("replica-0", State.READY).epoch()).isEqualTo(epoch);
    assertThat(usage(AgentFixture.request()).getCachedTokens()).isPositive();
  }

  private Usage usage(ReplicaGenerateRequest request) throws Exception {
    Call call = fixture.start(request);
    assertThat(call.end()).isEqualTo(Status.OK);
    return call.all().getLast().getCompleted().getUsage();
  }
}
