package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.ReplicaGenerateRequest;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class RequestChecksTest {

  @Test
  void problem_goodRequest_isNone() {
    assertThat(problem(request -> {})).isNull();
    assertThat(problem(request -> request.setPromptTokens(0))).isNull();
  }

  @Test
  void problem_badFields_areNamed() {
    assertThat(problem(request -> inner(request).clearModel())).startsWith("model is empty");
    assertThat(problem(request -> inner(request).clearPrompt())).startsWith("the prompt is empty");
    assertThat(problem(request -> inner(request).setText(""))).startsWith("the prompt is empty");
    assertThat(problem(request -> inner(request).setRequestId("a\r\nb: c")))
        .startsWith("request_id is not allowed");
    assertThat(problem(request -> inner(request).getSamplingBuilder().setN(0)))
        .isEqualTo("sampling.n is 0; allowed are 1 to 128");
    assertThat(problem(request -> inner(request).getSamplingBuilder().setN(-1)))
        .isEqualTo("sampling.n is 4294967295; allowed are 1 to 128");
    Struct stream =
        Struct.newBuilder()
            .putFields("stream", Value.newBuilder().setBoolValue(false).build())
            .build();
    assertThat(problem(request -> inner(request).getSamplingBuilder().setExtra(stream)))
        .isEqualTo("sampling.extra.stream is not allowed; use the request's own field");
  }

  @Test
  void problem_badRouterFields_areNamed() {
    assertThat(problem(request -> request.setPromptTokens(100)))
        .isEqualTo("step_hashes has 15 entries of 128 tokens, more than prompt_tokens 100");
    assertThat(problem(request -> request.setPromptTokens(-5))).startsWith("step_hashes");
    assertThat(problem(request -> request.setExpectedCachedTokens(2001)))
        .isEqualTo("expected_cached_tokens is 2001; at most prompt_tokens 2000 is allowed");
    assertThat(problem(request -> request.setPendingWorkLimitSeconds(-1))).contains("negative");
    assertThat(problem(request -> request.setMaxQueueWaitSeconds(Double.NaN))).contains("negative");
  }

  private static @Nullable String problem(Consumer<ReplicaGenerateRequest.Builder> change) {
    ReplicaGenerateRequest.Builder request = AgentFixture.request().toBuilder();
    change.accept(request);
    return RequestChecks.problem(request.build(), 128);
  }

  private static GenerateRequest.Builder inner(ReplicaGenerateRequest.Builder request) {
    return request.getRequestBuilder();
  }
}
