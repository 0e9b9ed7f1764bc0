package io.warmpath.agent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.netty.buffer.Unpooled;
import io.warmpath.agent.http.MalformedStreamException;
import io.warmpath.agent.http.SseParser;
import io.warmpath.testkit.SeededCases;
import io.warmpath.v1.Delta;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever an engine sends, the readers return or refuse it in the one way that they declare. */
final class MalformedInputTest {

  private static final int CASES = 10_000;

  private static final String PAGE =
      """
      # HELP vllm:num_requests_running Requests.
      vllm:num_requests_running{engine="0",model_name="a\\"b"} 2.0
      vllm:num_requests_waiting{engine="0"} 3.0
      vllm:kv_cache_usage_perc{engine="0"} 0.5
      vllm:prompt_tokens_total{engine="0"} 1.5e+09
      vllm:prompt_tokens_created{engine="0"} 1.7e+09
      vllm:cache_config_info{block_size="16",num_gpu_blocks="1000"} 1.0
      """;
  private static final String MODELS =
      "{\"data\":[{\"id\":\"m\",\"max_model_len\":4096},{\"id\":\"a\",\"parent\":\"m\"}]}";
  private static final String STREAM =
      """
      data: {"choices":[{"index":0,"text":"Hé","logprobs":{"tokens":["a"],"n":[1,2.5]},\
      "token_ids":[1,2],"finish_reason":null}],"usage":{"prompt_tokens":9,"completion_tokens":1}}

      : comment
      data: {"choices":[{"index":1,"delta":{"content":"b","tool_calls":[{"id":"c"}]}}]}

      data: {"error":{"message":"m","code":500}}

      data: {"choices":[],"usage":{"prompt_tokens_details":{"cached_tokens":4}}}

      data: [DONE]

      """;

  @Test
  void metricsPages_damaged_areReadOrRefused() {
    int[] refused = new int[1];
    SeededCases.run(
        CASES,
        random -> {
          try {
            EngineMetrics metrics = MetricsPage.parse(damaged(PAGE, random));
            assertThat(metrics.runningRequests()).isNotNegative();
            assertThat(metrics.waitingRequests()).isNotNegative();
            assertThat(metrics.kvUsageRatio()).isBetween(0.0, 1.0);
            assertThat(metrics.kvCapacityTokens()).isNotNegative();
            assertThat(metrics.kvUsedTokens()).isNotNegative();
          } catch (MalformedMetricsException malformed) {
            refused[0]++;
          }
        });
    assertThat(refused[0]).isBetween(CASES / 20, CASES - 1);
  }

  @Test
  void modelLists_damaged_areReadOrRefused() {
    int[] refused = new int[1];
    SeededCases.run(
        CASES,
        random -> {
          try {
            assertThat(ModelList.parse(damaged(MODELS, random)).size()).isLessThanOrEqualTo(64);
          } catch (MalformedMetricsException malformed) {
            refused[0]++;
          }
        });
    assertThat(refused[0]).isBetween(CASES / 20, CASES - 1);
  }

  @Test
  void streams_damagedAndInPieces_areReadOrRefused() {
    int[] refused = new int[1];
    SeededCases.run(
        CASES,
        random -> {
          try {
            feed(damaged(STREAM, random), random);
          } catch (MalformedStreamException malformed) {
            refused[0]++;
          }
        });
    assertThat(refused[0]).isBetween(CASES / 20, CASES - 1);
  }

  @Test
  void errorBodies_damaged_haveAlwaysOneLineToSay() {
    SeededCases.run(
        CASES,
        random -> {
          byte[] body =
              damaged("{\"error\":{\"message\":\"too long\\nby far\",\"code\":400}}", random);
          assertThat(EngineError.parse(400, body, 0).message()).isNotBlank().doesNotContain("\n");
        });
  }

  private static void feed(byte[] stream, SplittableRandom random) throws MalformedStreamException {
    CompletionStream completion = new CompletionStream(new Sink());
    SseParser parser = new SseParser(1 << 16, completion::event);
    @Var int at = 0;
    while (at < stream.length) {
      int length = Math.min(stream.length - at, random.nextInt(1, 200));
      parser.feed(Unpooled.wrappedBuffer(stream, at, length));
      at += length;
    }
  }

  /** A truncated, overwritten, repeated or wholly random version of {@code text}. */
  private static byte[] damaged(String text, SplittableRandom random) {
    @Var byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    switch (random.nextInt(5)) {
      case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      case 1 -> {
        for (int i = random.nextInt(1, 8); i > 0; i--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
      }
      case 2 -> {
        String signs = "{}[]\",:=\n 0-9eNaI\\";
        for (int i = random.nextInt(1, 8); i > 0; i--) {
          bytes[random.nextInt(bytes.length)] = (byte) signs.charAt(random.nextInt(signs.length()));
        }
      }
      case 3 -> {
        int from = random.nextInt(bytes.length);
        String tail = text.substring(Math.min(text.length(), from));
        bytes =
            (text.substring(0, Math.min(text.length(), from)) + tail.repeat(2))
                .getBytes(StandardCharsets.UTF_8);
      }
      default -> {
        bytes = new byte[random.nextInt(1, 500)];
        random.nextBytes(bytes);
      }
    }
    return bytes;
  }

  private static final class Sink implements CompletionListener {
    @Override
    public void onDelta(Delta delta) {
      assertThat(delta.getIndex()).isBetween(0, 127);
    }

    @Override
    public void onUsage(EngineUsage usage) {
      assertThat(usage.promptTokens()).isNotNegative();
      assertThat(usage.completionTokens()).isNotNegative();
    }

    @Override
    public void onError(EngineError error) {
      assertThat(error.message()).doesNotContain("\n");
    }

    @Override
    public void onDone() {}
  }
}
