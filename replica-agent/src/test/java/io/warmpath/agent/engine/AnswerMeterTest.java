package io.warmpath.agent.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.netty.buffer.Unpooled;
import io.warmpath.testkit.SeededCases;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class AnswerMeterTest {

  private static final String STREAM =
      """
      data: {"choices":[{"text":"\\"usage\\":{\\"prompt_tokens\\":9999}"}],"usage":null}

      data: {"choices":[],"usage":{"prompt_tokens":40,"total_tokens":47,"completion_tokens":7,\
      "prompt_tokens_details":{"cached_tokens":32,"x":[{"}":1}]}}}

      data: [DONE]

      """;

  @Test
  void usage_ofCompletions_isFoundWhereverPiecesAreCut() {
    SeededCases.run(
        200,
        random -> {
          AnswerMeter meter = cut(STREAM, random);
          assertThat(meter.usage()).isEqualTo(new EngineUsage(40, 7, 32));
          assertThat(meter.events()).isEqualTo(3);
          assertThat(meter.toldError()).isFalse();
        });
  }

  @Test
  void error_isFoundWhereverPiecesAreCut() {
    String first = "data: { \"error\": {\"message\": \"no\"}}\n\n";
    SeededCases.run(
        200,
        random -> {
          assertThat(cut(first, random).toldError()).isTrue();
          AnswerMeter late = cut(STREAM + first, random);
          assertThat(late.toldError()).isTrue();
          assertThat(late.events()).isEqualTo(4);
          assertThat(cut("x".repeat(40) + first, random).toldError()).isFalse();
        });
  }

  private static AnswerMeter cut(String answer, RandomGenerator random) {
    AnswerMeter meter = new AnswerMeter("/v1/completions");
    byte[] bytes = answer.getBytes(UTF_8);
    for (@Var int from = 0; from < bytes.length; ) {
      int to = Math.min(bytes.length, from + random.nextInt(1, 60));
      meter.look(Unpooled.wrappedBuffer(bytes, from, to - from));
      from = to;
    }
    return meter;
  }

  @Test
  void usage_thatIsNotTold_isNull() {
    assertThat(metered("/v1/completions", "data: {\"usage\":null}\n\n").usage()).isNull();
    assertThat(metered("/v1/completions", "{\"usage\":{\"type\":\"object\"}}").usage()).isNull();
    assertThat(metered("/v1/completions", "{\"usage\":{\"prompt_tokens\":-1}}").usage()).isNull();
    assertThat(metered("/v1/completions", "{\"usage\":{]}").usage()).isNull();
    String endless = "{\"usage\":{\"a\":\"" + "x".repeat(10_000);
    assertThat(metered("/v1/completions", endless).usage()).isNull();
  }

  @Test
  void usage_ofMessages_countsCachedInputWithTheRest() {
    AnswerMeter meter =
        metered(
            "/v1/messages",
            "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":10,"
                + "\"cache_read_input_tokens\":30,\"output_tokens\":0}}}\n\n"
                + "data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":5}}\n\n");
    assertThat(meter.usage()).isEqualTo(new EngineUsage(40, 5, 30));
  }

  @Test
  void usage_ofResponses_hasOtherNames() {
    AnswerMeter meter =
        metered(
            "/v1/responses",
            "{\"usage\":{\"input_tokens\":40,\"input_tokens_details\":{\"cached_tokens\":16},"
                + "\"output_tokens\":3,\"output_tokens_details\":{\"reasoning_tokens\":1}}}");
    assertThat(meter.usage()).isEqualTo(new EngineUsage(40, 3, 16));
  }

  @Test
  void output_ofResponses_beginsWithTheFirstDelta() {
    AnswerMeter meter = new AnswerMeter("/v1/responses");
    look(meter, "event: response.created\ndata: {\"type\":\"response.created\"}\n\n");
    assertThat(meter.hasOutput()).isFalse();
    look(meter, "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n");
    assertThat(meter.hasOutput()).isTrue();
    assertThat(metered("/v1/chat/completions", "d").hasOutput()).isTrue();
  }

  @Test
  void error_isAnEventWhoseDataBeginsWithIt() {
    String path = "/v1/completions";
    assertThat(metered(path, "data: {\"error\": {}}\n\n").toldError()).isTrue();
    assertThat(metered(path, "data: {}\n\ndata:{ \"error\" : {}}\n\n").toldError()).isTrue();
    assertThat(metered(path, "data: {\"a\":{\"error\":1}}\n\n").toldError()).isFalse();
    assertThat(metered(path, "data: {\"text\":\"\\ndata: {\\\"error\\\":\"}").toldError())
        .isFalse();
  }

  private static AnswerMeter metered(String path, String answer) {
    AnswerMeter meter = new AnswerMeter(path);
    look(meter, answer);
    return meter;
  }

  private static void look(AnswerMeter meter, String text) {
    meter.look(Unpooled.copiedBuffer(text, UTF_8));
  }
}
