package io.warmpath.agent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Value;
import io.warmpath.agent.http.MalformedStreamException;
import io.warmpath.v1.Delta;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CompletionStreamTest {

  private final List<Delta> deltas = new ArrayList<>();
  private final List<EngineUsage> usages = new ArrayList<>();
  private final List<EngineError> errors = new ArrayList<>();
  private int done;
  private final CompletionStream stream =
      new CompletionStream(
          new CompletionListener() {
            @Override
            public void onDelta(Delta delta) {
              deltas.add(delta);
            }

            @Override
            public void onUsage(EngineUsage usage) {
              usages.add(usage);
            }

            @Override
            public void onError(EngineError error) {
              errors.add(error);
            }

            @Override
            public void onDone() {
              done++;
            }
          });

  @Test
  void event_completion_isReadWithIdsAndLogprobs() throws MalformedStreamException {
    event(
        """
        {"id":"cmpl-1","choices":[{"index":1,"text":" the","logprobs":{"tokens":[" the"],\
        "token_logprobs":[-0.5],"top_logprobs":[{" the":-0.5}]},"finish_reason":"length",\
        "stop_reason":null,"token_ids":[262]}]}\
        """);
    Delta delta = deltas.getFirst();
    assertThat(delta.getIndex()).isEqualTo(1);
    assertThat(delta.getText()).isEqualTo(" the");
    assertThat(delta.getFinishReason()).isEqualTo("length");
    assertThat(delta.getTokenIdsList()).containsExactly(262);
    assertThat(delta.getTokenCount()).isEqualTo(1);
    assertThat(delta.getLogprobs().getFieldsMap()).containsKey("top_logprobs");
  }

  @Test
  void event_chat_roleAloneIsNoOutput_andOtherFieldsPassOn() throws MalformedStreamException {
    event("{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}");
    assertThat(deltas).isEmpty();
    event("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\",\"reasoning\":null}}]}");
    event("{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\"}]}}]}");
    assertThat(deltas).hasSize(2);
    assertThat(deltas.get(0).getText()).isEqualTo("Hi");
    assertThat(deltas.get(0).hasExtra()).isFalse();
    Value call = deltas.get(1).getExtra().getFieldsOrThrow("tool_calls");
    assertThat(call.getListValue().getValues(0).getStructValue().getFieldsMap()).containsKey("id");
  }

  @Test
  void event_runningUsage_givesTokensOfEachDelta() throws MalformedStreamException {
    event(withUsage(0, "a", 1));
    event(withUsage(1, "b", 1));
    event(withUsage(0, "cd", 3));
    event(withUsage(1, "", 2));
    assertThat(deltas).extracting(Delta::getTokenCount).containsExactly(1, 1, 2, 1);
    assertThat(usages.getLast()).isEqualTo(new EngineUsage(9, 5, -1));
  }

  @Test
  void event_finalUsage_hasCachedTokens() throws MalformedStreamException {
    event(withUsage(0, "a", 1));
    event(
        """
        {"choices":[],"usage":{"prompt_tokens":9,"total_tokens":10,"completion_tokens":1,\
        "prompt_tokens_details":{"cached_tokens":8,"created_cache_tokens":1}}}\
        """);
    assertThat(usages.getLast()).isEqualTo(new EngineUsage(9, 1, 8));
  }

  @Test
  void event_usageWithoutDetails_saysNothingOfTheCache() throws MalformedStreamException {
    event("{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"prompt_tokens_details\":null}}");
    assertThat(usages).containsExactly(new EngineUsage(9, 0, -1));
  }

  @Test
  void event_error_isGivenOutInsteadOfOutput() throws MalformedStreamException {
    event("{\"error\":{\"message\":\"out of\\nmemory\",\"type\":\"X\",\"code\":500}}");
    assertThat(errors).containsExactly(new EngineError(500, "out of memory", 0));
    assertThat(deltas).isEmpty();
  }

  @Test
  void event_done_isGivenOut() throws MalformedStreamException {
    event("[DONE]");
    assertThat(done).isEqualTo(1);
  }

  private static String withUsage(int index, String text, int completion) {
    return """
    {"choices":[{"index":%d,"text":"%s"}],"usage":{"prompt_tokens":9,\
    "completion_tokens":%d}}\
    """
        .formatted(index, text, completion);
  }

  private void event(String data) throws MalformedStreamException {
    byte[] bytes = ("junk" + data + "junk").getBytes(StandardCharsets.UTF_8);
    stream.event(bytes, 4, bytes.length - 8);
  }
}
