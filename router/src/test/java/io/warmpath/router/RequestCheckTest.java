package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.warmpath.v1.Affinity;
import io.warmpath.v1.ChatMessage;
import io.warmpath.v1.ChatPrompt;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.SamplingParams;
import io.warmpath.v1.TokenIds;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a bad request is told, through the real door. */
final class RequestCheckTest {

  private static FakeAgent agent;
  private static RouterHarness harness;

  @BeforeAll
  static void start() throws IOException {
    agent = FakeAgent.start("a", FakeAgent.says("x"));
    harness = new RouterHarness(agent);
  }

  @AfterAll
  static void stop() {
    harness.close();
    agent.close();
  }

  @Test
  void model_missingOrUnknown_isNamed() {
    refused(good().clearModel(), Status.Code.INVALID_ARGUMENT, "model is missing");
    refused(good().setModel("other"), Status.Code.NOT_FOUND, "model 'other' is not served here");
    refused(
        good().setLoraAdapter("none"),
        Status.Code.NOT_FOUND,
        "lora_adapter 'none' of model 'm' is not loaded");
  }

  @Test
  void prompt_empty_isRefusedInEveryForm() {
    String message = "the prompt is empty: give one of token_ids, text, chat";
    refused(good().clearPrompt(), Status.Code.INVALID_ARGUMENT, message);
    refused(good().setText(""), Status.Code.INVALID_ARGUMENT, message);
    refused(
        good().setTokenIds(TokenIds.getDefaultInstance()), Status.Code.INVALID_ARGUMENT, message);
    refused(good().setChat(ChatPrompt.getDefaultInstance()), Status.Code.INVALID_ARGUMENT, message);
  }

  @Test
  void prompt_beyondTheModelsLimit_saysBothLengths() {
    refused(
        RouterHarness.prompt(4097).toBuilder(),
        Status.Code.INVALID_ARGUMENT,
        "the prompt has 4097 tokens; the model takes 4096");
  }

  @Test
  void tokenId_beyond31Bits_isNamedWithItsPosition() {
    refused(
        good().setTokenIds(TokenIds.newBuilder().addIds(1).addIds(-1)),
        Status.Code.INVALID_ARGUMENT,
        "token_ids.ids[1] is 4294967295; allowed are 0 to 2147483647");
  }

  @Test
  void role_unknown_isNamedWithoutControlCharacters() {
    refused(
        good()
            .setChat(ChatPrompt.newBuilder().addMessages(ChatMessage.newBuilder().setRole("a\n"))),
        Status.Code.INVALID_ARGUMENT,
        "chat.messages.role is 'a?'; allowed are system, developer, user, assistant, tool");
  }

  @Test
  void sampling_outOfRange_namesFieldValueAndRange() {
    sampling(SamplingParams.newBuilder().setMaxTokens(0), "sampling.max_tokens is 0");
    sampling(SamplingParams.newBuilder().setN(129), "sampling.n is 129");
    sampling(SamplingParams.newBuilder().setLogprobs(21), "sampling.logprobs is 21");
    sampling(SamplingParams.newBuilder().setTemperature(Double.NaN), "sampling.temperature is NaN");
    sampling(SamplingParams.newBuilder().setTopP(0), "sampling.top_p is 0.0");
    sampling(
        SamplingParams.newBuilder().setRepetitionPenalty(0), "sampling.repetition_penalty is 0.0");
    sampling(
        SamplingParams.newBuilder().setFrequencyPenalty(2.5), "sampling.frequency_penalty is 2.5");
  }

  @Test
  void affinity_tooLong_isRefused() {
    refused(
        good().setAffinity(Affinity.newBuilder().setSessionId("s".repeat(513))),
        Status.Code.INVALID_ARGUMENT,
        "affinity.session_id has 513 characters; allowed are 512");
    refused(good().setCacheSalt("s".repeat(1025)), Status.Code.INVALID_ARGUMENT, "cache_salt has");
    refused(good().setPriority(-101), Status.Code.INVALID_ARGUMENT, "priority is -101; allowed");
  }

  @Test
  void message_longerThanTheLimit_isRefused() throws IOException {
    try (RouterHarness small =
        new RouterHarness(
            RouterHarness.config(agent.report())
                .withLimits(new RouterConfig.Limits(10, 1024, 4, 2)))) {
      assertThatThrownBy(() -> small.generate(RouterHarness.prompt(4000)))
          .hasMessageContaining("RESOURCE_EXHAUSTED");
    }
  }

  @Test
  void bytes_thatAreNoMessage_areRefused() {
    assertThatThrownBy(() -> ClientRequest.parse(new byte[] {0x0a, 0x7f}))
        .isInstanceOf(com.google.protobuf.InvalidProtocolBufferException.class);
  }

  private static void sampling(SamplingParams.Builder params, String message) {
    refused(good().setSampling(params), Status.Code.INVALID_ARGUMENT, message);
  }

  private static void refused(GenerateRequest.Builder request, Status.Code code, String message) {
    assertThatThrownBy(() -> harness.generate(request.build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(code);
              assertThat(e.getStatus().getDescription()).startsWith(message);
            });
    assertThat(harness.outcomes()).isEmpty();
  }

  private static GenerateRequest.Builder good() {
    return RouterHarness.prompt(8).toBuilder();
  }
}
