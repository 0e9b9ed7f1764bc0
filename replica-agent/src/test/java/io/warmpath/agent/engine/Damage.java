package io.warmpath.agent.engine;

import com.google.errorprone.annotations.Var;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/** What an engine could send, and what can become of it on the way. */
public final class Damage {

  /** A page of metrics. */
  public static final String PAGE =
      """
      # HELP vllm:num_requests_running Requests.
      vllm:num_requests_running{engine="0",model_name="a\\"b"} 2.0
      vllm:num_requests_waiting{engine="0"} 3.0
      vllm:kv_cache_usage_perc{engine="0"} 0.5
      vllm:prompt_tokens_total{engine="0"} 1.5e+09
      vllm:prompt_tokens_created{engine="0"} 1.7e+09
      vllm:cache_config_info{block_size="16",num_gpu_blocks="1000"} 1.0
      """;

  /** A stream of completions. */
  public static final String STREAM =
      """
      data: {"choices":[{"index":0,"text":"Hé","logprobs":{"tokens":["a"],"n":[1,2.5]},\
      "token_ids":[1,2],"finish_reason":null}],"usage":{"prompt_tokens":9,"completion_tokens":1}}

      : comment
      data: {"choices":[{"index":1,"delta":{"content":"b","tool_calls":[{"id":"c"}]}}]}

      data: {"error":{"message":"m","code":500}}

      data: {"choices":[],"usage":{"prompt_tokens_details":{"cached_tokens":4}}}

      data: [DONE]

      """;

  private Damage() {}

  /** A truncated, overwritten, repeated or wholly random version of {@code text}. */
  public static byte[] bytes(String text, SplittableRandom random) {
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
}
