package io.warmpath.agent.engine;

import com.google.errorprone.annotations.Var;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads an engine's page in Prometheus' text format: vLLM's names, old and new, SGLang's and
 * TensorRT-LLM's. Series that it does not know are skipped unread.
 */
public final class MetricsPage {

  /*
   * An engine of several ranks has one series for each, told apart by a label: counts add up,
   * ratios average. Python's client writes a counter X as X_total, with a sibling X_created that
   * must not be taken for it, so names are compared whole, once without `_total`.
   */

  /** What a known series says. */
  private enum Meaning {
    RUNNING,
    WAITING,
    KV_USAGE,
    CACHE_CONFIG,
    CAPACITY_TOKENS,
    PREEMPTIONS,
    PREFIX_QUERIES,
    PREFIX_HITS,
    PROMPT_TOKENS,
    GENERATED_TOKENS,
    PREFILL_SECONDS,
    START_TIME,
    SLEEP_STATE,
    BLOCK_SIZE,
    BLOCKS,
  }

  private static final Map<String, Meaning> MEANINGS =
      Map.ofEntries(
          Map.entry("vllm:num_requests_running", Meaning.RUNNING),
          Map.entry("vllm:num_requests_waiting", Meaning.WAITING),
          Map.entry("vllm:kv_cache_usage_perc", Meaning.KV_USAGE),
          Map.entry("vllm:gpu_cache_usage_perc", Meaning.KV_USAGE),
          Map.entry("vllm:cache_config_info", Meaning.CACHE_CONFIG),
          Map.entry("vllm:num_preemptions", Meaning.PREEMPTIONS),
          Map.entry("vllm:prefix_cache_queries", Meaning.PREFIX_QUERIES),
          Map.entry("vllm:gpu_prefix_cache_queries", Meaning.PREFIX_QUERIES),
          Map.entry("vllm:prefix_cache_hits", Meaning.PREFIX_HITS),
          Map.entry("vllm:gpu_prefix_cache_hits", Meaning.PREFIX_HITS),
          Map.entry("vllm:prompt_tokens", Meaning.PROMPT_TOKENS),
          Map.entry("vllm:generation_tokens", Meaning.GENERATED_TOKENS),
          Map.entry("vllm:request_prefill_time_seconds_sum", Meaning.PREFILL_SECONDS),
          Map.entry("vllm:engine_sleep_state", Meaning.SLEEP_STATE),
          Map.entry("process_start_time_seconds", Meaning.START_TIME),
          Map.entry("sglang:num_running_reqs", Meaning.RUNNING),
          Map.entry("sglang:num_queue_reqs", Meaning.WAITING),
          Map.entry("sglang:token_usage", Meaning.KV_USAGE),
          Map.entry("sglang:cache_config_info", Meaning.CACHE_CONFIG),
          Map.entry("sglang:max_total_num_tokens", Meaning.CAPACITY_TOKENS),
          Map.entry("sglang:prompt_tokens", Meaning.PROMPT_TOKENS),
          Map.entry("sglang:generation_tokens", Meaning.GENERATED_TOKENS),
          Map.entry("sglang:cached_tokens", Meaning.PREFIX_HITS),
          Map.entry("trtllm_num_requests_running", Meaning.RUNNING),
          Map.entry("trtllm_num_requests_waiting", Meaning.WAITING),
          Map.entry("trtllm_kv_cache_utilization", Meaning.KV_USAGE),
          Map.entry("trtllm_kv_cache_tokens_per_block", Meaning.BLOCK_SIZE),
          Map.entry("trtllm_kv_cache_max_blocks", Meaning.BLOCKS));

  private static final String TOTAL_SUFFIX = "_total";
  private static final double MAX_COUNT = 1e15;
  private static final long MAX_BLOCK_SIZE = 1_000_000;
  private static final long MAX_BLOCKS = 1_000_000_000;

  /** Sum and number of the series of one meaning. */
  private static final class Series {
    private double sum;
    private int count;

    void add(double value) {
      sum += value;
      count++;
    }
  }

  private final Map<Meaning, Map<String, Series>> series = new HashMap<>();
  private long configuredTokens;
  private int blockSizeTokens;
  private boolean awake = true;

  private MetricsPage() {}

  /**
   * Reads {@code page}.
   *
   * @throws MalformedMetricsException when a line is not in the format, a known value is out of
   *     range, or the page does not say how many requests run and wait
   */
  public static EngineMetrics parse(byte[] page) throws MalformedMetricsException {
    MetricsPage reader = new MetricsPage();
    @Var int start = 0;
    for (int i = 0; i <= page.length; i++) {
      if (i == page.length || page[i] == '\n') {
        if (i > start && page[start] != '#') {
          reader.line(new String(page, start, i - start, StandardCharsets.UTF_8));
        }
        start = i + 1;
      }
    }
    return reader.metrics();
  }

  private void line(String line) throws MalformedMetricsException {
    int nameEnd = nameEnd(line);
    String name = line.substring(0, nameEnd);
    Meaning meaning = meaning(name);
    if (meaning == null) {
      return;
    }
    Labels labels = Labels.parse(line, nameEnd);
    double value = value(name, line.substring(labels.end()));
    switch (meaning) {
      case CACHE_CONFIG -> cacheConfig(labels);
      case SLEEP_STATE -> {
        if (value != 0) {
          awake &= labels.getOrDefault("sleep_state", "awake").equals("awake");
        }
      }
      default -> {
        check(name, value, meaning == Meaning.KV_USAGE ? 1 + 1e-6 : MAX_COUNT);
        series
            .computeIfAbsent(meaning, any -> new HashMap<>())
            .computeIfAbsent(name, any -> new Series())
            .add(value);
      }
    }
  }

  private static int nameEnd(String line) {
    @Var int end = 0;
    while (end < line.length() && line.charAt(end) != '{' && line.charAt(end) != ' ') {
      end++;
    }
    return end;
  }

  private static @Nullable Meaning meaning(String name) {
    Meaning exact = MEANINGS.get(name);
    return exact != null || !name.endsWith(TOTAL_SUFFIX)
        ? exact
        : MEANINGS.get(name.substring(0, name.length() - TOTAL_SUFFIX.length()));
  }

  private static double value(String name, String text) throws MalformedMetricsException {
    String[] parts = text.strip().split(" ", 2);
    try {
      return Double.parseDouble(parts[0].replace("Inf", "Infinity"));
    } catch (NumberFormatException notNumber) {
      throw new MalformedMetricsException(name + " has no number as its value");
    }
  }

  private static void check(String name, double value, double max)
      throws MalformedMetricsException {
    if (!(value >= 0 && value <= max)) {
      throw new MalformedMetricsException(name + " is " + value);
    }
  }

  private void cacheConfig(Labels labels) {
    long blockSize = labels.number("block_size", labels.number("page_size", 0));
    long blocks = labels.number("num_gpu_blocks", labels.number("num_pages", 0));
    blockSizeTokens = (int) Math.min(blockSize, MAX_BLOCK_SIZE);
    long tokens = labels.number("kv_cache_size_tokens", 0);
    configuredTokens += tokens > 0 ? tokens : blockSizeTokens * Math.min(blocks, MAX_BLOCKS);
  }

  private EngineMetrics metrics() throws MalformedMetricsException {
    if (!series.containsKey(Meaning.RUNNING) || !series.containsKey(Meaning.WAITING)) {
      throw new MalformedMetricsException(
          "the page does not say how many requests run and wait; it is not of a known engine");
    }
    int blockSize = blockSizeTokens > 0 ? blockSizeTokens : (int) sum(Meaning.BLOCK_SIZE);
    @Var long capacity = configuredTokens;
    if (capacity == 0) {
      capacity = (long) Math.max(sum(Meaning.CAPACITY_TOKENS), sum(Meaning.BLOCKS) * blockSize);
    }
    return new EngineMetrics(
        (int) Math.min(sum(Meaning.RUNNING), Integer.MAX_VALUE),
        (int) Math.min(sum(Meaning.WAITING), Integer.MAX_VALUE),
        Math.min(1, mean(Meaning.KV_USAGE)),
        capacity,
        blockSize,
        (long) sum(Meaning.PREEMPTIONS),
        (long) sum(Meaning.PREFIX_QUERIES),
        series.containsKey(Meaning.PREFIX_HITS) ? (long) sum(Meaning.PREFIX_HITS) : -1,
        (long) sum(Meaning.PROMPT_TOKENS),
        (long) sum(Meaning.GENERATED_TOKENS),
        sum(Meaning.PREFILL_SECONDS),
        sum(Meaning.START_TIME),
        awake);
  }

  /** Sum over ranks; where old and new name of one thing are both there, the larger sum. */
  private double sum(Meaning meaning) {
    @Var double largest = 0;
    for (Series one : series.getOrDefault(meaning, Map.of()).values()) {
      largest = Math.max(largest, one.sum);
    }
    return largest;
  }

  private double mean(Meaning meaning) {
    @Var double largest = 0;
    for (Series one : series.getOrDefault(meaning, Map.of()).values()) {
      largest = Math.max(largest, one.sum / one.count);
    }
    return largest;
  }
}
