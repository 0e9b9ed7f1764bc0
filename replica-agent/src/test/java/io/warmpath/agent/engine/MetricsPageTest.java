package io.warmpath.agent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class MetricsPageTest {

  private static final String CURRENT_VLLM =
      """
      # HELP vllm:num_requests_running Number of requests in model execution batches.
      # TYPE vllm:num_requests_running gauge
      vllm:num_requests_running{engine="0",model_name="tiny"} 2.0
      vllm:num_requests_waiting{engine="0",model_name="tiny"} 3.0
      vllm:num_requests_waiting_by_reason{engine="0",model_name="tiny",reason="capacity"} 3.0
      vllm:kv_cache_usage_perc{engine="0",model_name="tiny"} 0.5
      vllm:num_preemptions_total{engine="0",model_name="tiny"} 4.0
      vllm:num_preemptions_created{engine="0",model_name="tiny"} 1.795e+09
      vllm:prefix_cache_queries_total{engine="0",model_name="tiny"} 4000.0
      vllm:prefix_cache_queries_created{engine="0",model_name="tiny"} 1.795e+09
      vllm:prefix_cache_hits_total{engine="0",model_name="tiny"} 1984.0
      vllm:prompt_tokens_total{engine="0",model_name="tiny"} 4000.0
      vllm:prompt_tokens_created{engine="0",model_name="tiny"} 1.795e+09
      vllm:prompt_tokens_cached_total{engine="0",model_name="tiny"} 1984.0
      vllm:generation_tokens_total{engine="0",model_name="tiny"} 20.0
      vllm:request_prefill_time_seconds_bucket{engine="0",le="0.3",model_name="tiny"} 2.0
      vllm:request_prefill_time_seconds_sum{engine="0",model_name="tiny"} 0.125
      vllm:cache_config_info{block_size="32",cache_dtype="auto",engine="0",num_gpu_blocks="100",\
      kv_cache_size_tokens="3200",note="a \\"quoted\\", {braced} value"} 1.0
      vllm:engine_sleep_state{engine="0",sleep_state="awake"} 1.0
      vllm:engine_sleep_state{engine="0",sleep_state="discard_all"} 0.0
      process_start_time_seconds 1.79526e+09
      """;

  @Test
  void parse_currentVllm_isReadWithoutCreatedSeries() throws MalformedMetricsException {
    assertThat(parse(CURRENT_VLLM))
        .isEqualTo(
            new EngineMetrics(
                2, 3, 0.5, 3200, 32, 4, 4000, 1984, 4000, 20, 0.125, 1.79526e9, true));
  }

  @Test
  void parse_severalRanks_countsAddAndRatiosAverage() throws MalformedMetricsException {
    EngineMetrics metrics =
        parse(
            """
            vllm:num_requests_running{engine="0"} 1.0
            vllm:num_requests_running{engine="1"} 4.0
            vllm:num_requests_waiting{engine="0"} 0.0
            vllm:num_requests_waiting{engine="1"} 7.0
            vllm:kv_cache_usage_perc{engine="0"} 0.2
            vllm:kv_cache_usage_perc{engine="1"} 0.6
            vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="10"} 1.0
            vllm:cache_config_info{block_size="16",engine="1",num_gpu_blocks="20"} 1.0
            """);
    assertThat(metrics.runningRequests()).isEqualTo(5);
    assertThat(metrics.waitingRequests()).isEqualTo(7);
    assertThat(metrics.kvUsageRatio()).isEqualTo(0.4);
    assertThat(metrics.kvCapacityTokens()).isEqualTo(480);
    assertThat(metrics.blockSizeTokens()).isEqualTo(16);
  }

  @Test
  void parse_oldNames_withoutTotal_areTheSameThings() throws MalformedMetricsException {
    EngineMetrics metrics =
        parse(
            """
            vllm:num_requests_running 1
            vllm:num_requests_waiting 2
            vllm:gpu_cache_usage_perc 0.75
            vllm:gpu_prefix_cache_queries 100
            vllm:gpu_prefix_cache_hits 40
            vllm:prompt_tokens 100
            """);
    assertThat(metrics.kvUsageRatio()).isEqualTo(0.75);
    assertThat(metrics.prefixQueryTokens()).isEqualTo(100);
    assertThat(metrics.prefixHitTokens()).isEqualTo(40);
  }

  @Test
  void parse_bothNamesAtOnce_countOnce() throws MalformedMetricsException {
    EngineMetrics metrics =
        parse(
            """
            vllm:num_requests_running 1
            vllm:num_requests_waiting 2
            vllm:gpu_prefix_cache_hits_total 40
            vllm:prefix_cache_hits_total 40
            """);
    assertThat(metrics.prefixHitTokens()).isEqualTo(40);
  }

  @Test
  void parse_sglang_isRead() throws MalformedMetricsException {
    EngineMetrics metrics =
        parse(
            """
            sglang:num_running_reqs{model_name="m"} 3.0
            sglang:num_queue_reqs{model_name="m"} 1.0
            sglang:token_usage{model_name="m"} 0.28
            sglang:cache_config_info{num_pages="4096",page_size="64"} 1.0
            """);
    assertThat(metrics.runningRequests()).isEqualTo(3);
    assertThat(metrics.waitingRequests()).isEqualTo(1);
    assertThat(metrics.kvUsageRatio()).isEqualTo(0.28);
    assertThat(metrics.kvCapacityTokens()).isEqualTo(4096 * 64);
  }

  @Test
  void parse_tensorRt_isRead() throws MalformedMetricsException {
    EngineMetrics metrics =
        parse(
            """
            trtllm_num_requests_running 3
            trtllm_num_requests_waiting 1
            trtllm_kv_cache_utilization 0.5
            trtllm_kv_cache_tokens_per_block 32
            trtllm_kv_cache_max_blocks 100
            """);
    assertThat(metrics.kvCapacityTokens()).isEqualTo(3200);
    assertThat(metrics.blockSizeTokens()).isEqualTo(32);
  }

  @Test
  void parse_asleep_isSaid() throws MalformedMetricsException {
    EngineMetrics metrics =
        parse(
            """
            vllm:num_requests_running 0
            vllm:num_requests_waiting 0
            vllm:engine_sleep_state{sleep_state="awake"} 0.0
            vllm:engine_sleep_state{sleep_state="weights_offloaded"} 1.0
            """);
    assertThat(metrics.awake()).isFalse();
  }

  @Test
  void parse_unbelievablePages_areRefused() {
    assertRefused("", "the page does not say how many requests run and wait");
    assertRefused("<html></html>", "the page does not say");
    assertRefused("vllm:num_requests_running 1", "the page does not say");
    assertRefused("vllm:num_requests_running NaN", "vllm:num_requests_running is NaN");
    assertRefused("vllm:num_requests_running +Inf", "vllm:num_requests_running is Infinity");
    assertRefused("vllm:num_requests_running -1", "vllm:num_requests_running is -1.0");
    assertRefused("vllm:num_requests_running", "vllm:num_requests_running has no number");
    assertRefused("vllm:kv_cache_usage_perc 1.5", "vllm:kv_cache_usage_perc is 1.5");
    assertRefused("vllm:num_requests_running{a=\"b", "a label's value does not end");
    assertRefused("vllm:num_requests_running{a=b} 1", "a label has no quoted value");
    assertRefused("vllm:num_requests_running{a=\"b\"", "the labels of a line do not end");
  }

  @Test
  void isRestartSince_countersFellOrProcessChanged() throws MalformedMetricsException {
    EngineMetrics before = parse(CURRENT_VLLM);
    assertThat(before.isRestartSince(before)).isFalse();
    EngineMetrics fewer = parse(CURRENT_VLLM.replace("prompt_tokens_total{", "ignored{"));
    assertThat(fewer.isRestartSince(before)).isTrue();
    EngineMetrics other = parse(CURRENT_VLLM.replace("1.79526e+09", "1.79527e+09"));
    assertThat(other.isRestartSince(before)).isTrue();
  }

  private static void assertRefused(String page, String why) {
    assertThatThrownBy(() -> parse(page))
        .as(page)
        .isInstanceOf(MalformedMetricsException.class)
        .hasMessageStartingWith(why);
  }

  private static EngineMetrics parse(String page) throws MalformedMetricsException {
    return MetricsPage.parse(page.getBytes(StandardCharsets.UTF_8));
  }
}
