package io.warmpath.agent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.warmpath.v1.ChatMessage;
import io.warmpath.v1.ChatPrompt;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.SamplingParams;
import io.warmpath.v1.TokenIds;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class GenerateBodyTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  @Test
  void write_tokenIds_withEverySamplingField() throws JsonProcessingException {
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setModel("m")
            .setTokenIds(TokenIds.newBuilder().addIds(5).addIds(Integer.MAX_VALUE))
            .setCacheSalt("salt")
            .setSampling(
                SamplingParams.newBuilder()
                    .setMaxTokens(7)
                    .setTemperature(0)
                    .setTopP(0.5)
                    .setTopK(-1)
                    .setMinP(0.1)
                    .setFrequencyPenalty(1)
                    .setPresencePenalty(-1)
                    .setRepetitionPenalty(1.1)
                    .setSeed(-3)
                    .addStop("\"end\"\n")
                    .addStopTokenIds(9)
                    .setIgnoreEos(true)
                    .setN(2)
                    .setLogprobs(3)
                    .setExtra(
                        Struct.newBuilder()
                            .putFields("min_tokens", number(4))
                            .putFields("nested", struct("choice", list(number(0.5))))))
            .build();
    assertThat(write(request, 0))
        .isEqualTo(
            json(
                """
                {"model":"m","prompt":[5,2147483647],"stream":true,
                "stream_options":{"include_usage":true,"continuous_usage_stats":true},
                "cache_salt":"salt","max_tokens":7,"temperature":0.0,"top_p":0.5,"top_k":-1,
                "min_p":0.1,"frequency_penalty":1.0,"presence_penalty":-1.0,
                "repetition_penalty":1.1,"seed":-3,"n":2,"stop":["\\"end\\"\\n"],
                "stop_token_ids":[9],"ignore_eos":true,"logprobs":3,"min_tokens":4,
                "nested":{"choice":[0.5]}}\
                """));
  }

  @Test
  void write_unsetFields_areLeftToTheEngine() throws JsonProcessingException {
    GenerateRequest request = GenerateRequest.newBuilder().setModel("m").setText("héllo").build();
    assertThat(write(request, 0))
        .isEqualTo(
            json(
                """
                {"model":"m","prompt":"héllo","stream":true,
                "stream_options":{"include_usage":true,"continuous_usage_stats":true}}\
                """));
    assertThat(GenerateBody.path(request)).isEqualTo("/v1/completions");
  }

  @Test
  void write_chat_hasMessagesToolsAndOtherLogprobs() throws JsonProcessingException {
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setModel("m")
            .setLoraAdapter("sql")
            .setChat(
                ChatPrompt.newBuilder()
                    .addMessages(message("system", "Be brief.", Struct.getDefaultInstance()))
                    .addMessages(
                        message(
                            "user",
                            "",
                            Struct.newBuilder()
                                .putFields("content", list(struct("type", string("text"))))
                                .build()))
                    .addTools(Struct.newBuilder().putFields("type", string("function"))))
            .setSampling(SamplingParams.newBuilder().setLogprobs(2))
            .build();
    assertThat(write(request, 5))
        .isEqualTo(
            json(
                """
                {"model":"sql","messages":[{"role":"system","content":"Be brief."},
                {"role":"user","content":[{"type":"text"}]}],"tools":[{"type":"function"}],
                "stream":true,
                "stream_options":{"include_usage":true,"continuous_usage_stats":true},
                "priority":5,"logprobs":true,"top_logprobs":2}\
                """));
    assertThat(GenerateBody.path(request)).isEqualTo("/v1/chat/completions");
  }

  @Test
  void reservedField_ownField_isFound() {
    SamplingParams.Builder sampling = SamplingParams.newBuilder();
    sampling.setExtra(Struct.newBuilder().putFields("min_tokens", number(1)));
    GenerateRequest.Builder request = GenerateRequest.newBuilder().setSampling(sampling);
    assertThat(GenerateBody.reservedField(request.build())).isNull();
    sampling.setExtra(Struct.newBuilder().putFields("stream", number(1)));
    assertThat(GenerateBody.reservedField(request.setSampling(sampling).build()))
        .isEqualTo("stream");
  }

  private static ChatMessage message(String role, String content, Struct extra) {
    return ChatMessage.newBuilder().setRole(role).setContent(content).setExtra(extra).build();
  }

  private static Value number(double number) {
    return Value.newBuilder().setNumberValue(number).build();
  }

  private static Value string(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }

  private static Value struct(String name, Value value) {
    return Value.newBuilder().setStructValue(Struct.newBuilder().putFields(name, value)).build();
  }

  private static Value list(Value value) {
    return Value.newBuilder().setListValue(ListValue.newBuilder().addValues(value)).build();
  }

  private static JsonNode write(GenerateRequest request, int priority)
      throws JsonProcessingException {
    ByteBuf body = GenerateBody.write(UnpooledByteBufAllocator.DEFAULT, request, priority);
    try {
      return json(body.toString(StandardCharsets.UTF_8));
    } finally {
      body.release();
    }
  }

  private static JsonNode json(String text) throws JsonProcessingException {
    return MAPPER.readTree(text);
  }
}
