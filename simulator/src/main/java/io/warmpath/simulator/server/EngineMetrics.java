package io.warmpath.simulator.server;

import io.warmpath.simulator.engine.EngineModel;
import io.warmpath.simulator.engine.EngineProfile;
import java.util.LinkedHashMap;
import java.util.Map;

/** The metrics of one engine under vLLM's names. Used on the server's event loop only. */
final class EngineMetrics {

  private static final double NANOS_PER_SECOND = 1e9;

  private final EngineServerSettings settings;
  private final double createdSeconds = System.currentTimeMillis() / 1e3;
  private final Map<String, Double> successes = new LinkedHashMap<>();
  private final Histogram firstToken = new Histogram(Histogram.FIRST_TOKEN_BOUNDS);
  private final Histogram interToken = new Histogram(Histogram.TOKEN_BOUNDS);
  private final Histogram perOutputToken = new Histogram(Histogram.TOKEN_BOUNDS);
  private final Histogram endToEnd = new Histogram(Histogram.REQUEST_BOUNDS);
  private final Histogram queued = new Histogram(Histogram.REQUEST_BOUNDS);
  private final Histogram inference = new Histogram(Histogram.REQUEST_BOUNDS);
  private final Histogram prefill = new Histogram(Histogram.REQUEST_BOUNDS);
  private final Histogram decode = new Histogram(Histogram.REQUEST_BOUNDS);
  private final Histogram completions = new Histogram(Histogram.COMPLETIONS_BOUNDS);
  private final Histogram stepTokens = new Histogram(Histogram.STEP_BOUNDS);
  private final Histogram promptLengths;
  private final Histogram outputLengths;
  private final Histogram longestOutputs;
  private final Histogram askedLengths;
  private final Histogram computedLengths;

  private long promptTokens;
  private long cachedPromptTokens;
  private long generatedTokens;
  private long rejections;
  private int inFlight;
  private boolean asleep;
  private int sleepLevel;

  EngineMetrics(EngineServerSettings settings) {
    this.settings = settings;
    double[] lengths = Histogram.oneTwoFive(settings.profile().maxModelLenTokens());
    promptLengths = new Histogram(lengths);
    outputLengths = new Histogram(lengths);
    longestOutputs = new Histogram(lengths);
    askedLengths = new Histogram(lengths);
    computedLengths = new Histogram(lengths);
    for (String reason : new String[] {"stop", "length", "abort", "error", "repetition"}) {
      successes.put(reason, 0.0);
    }
  }

  /**
   * Accepts {@code requests} if at most {@code limit} are then in flight, else counts a refusal.
   */
  boolean admit(int requests, int limit) {
    if (inFlight + requests > limit) {
      rejections++;
      return false;
    }
    inFlight += requests;
    return true;
  }

  /** Requests accepted and not yet ended. */
  int inFlight() {
    return inFlight;
  }

  void aborted() {
    // As vLLM does, an abort is not counted among request_success_total{finished_reason="abort"}.
    inFlight--;
  }

  void firstToken(Choice choice) {
    firstToken.observe(seconds(choice.firstTokenNanos() - choice.request().arrivalNanos()));
    promptTokens += choice.prompt().length;
    cachedPromptTokens += choice.request().cachedTokens();
    generatedTokens++;
  }

  void nextToken(long sinceLastNanos) {
    interToken.observe(seconds(sinceLastNanos));
    generatedTokens++;
  }

  void finished(Choice choice, int completionsAsked, long atNanos) {
    inFlight--;
    successes.merge(choice.output().finishReason(), 1.0, Double::sum);
    long arrival = choice.request().arrivalNanos();
    long scheduled = choice.request().scheduledNanos();
    long first = choice.firstTokenNanos();
    int tokens = choice.output().tokens().length;
    endToEnd.observe(seconds(atNanos - arrival));
    queued.observe(seconds(scheduled - arrival));
    inference.observe(seconds(atNanos - scheduled));
    prefill.observe(seconds(first - scheduled));
    decode.observe(seconds(atNanos - first));
    if (tokens > 1) {
      perOutputToken.observe(seconds(atNanos - first) / (tokens - 1));
    }
    promptLengths.observe(choice.prompt().length);
    outputLengths.observe(tokens);
    longestOutputs.observe(tokens);
    askedLengths.observe(tokens);
    computedLengths.observe(choice.prompt().length - choice.request().cachedTokens());
    completions.observe(completionsAsked);
  }

  void stepCompleted(int tokens) {
    stepTokens.observe(tokens);
  }

  /** The engine sleeps at a level, or is awake at level 0. */
  void sleeping(int level) {
    asleep = level > 0;
    sleepLevel = level;
  }

  boolean isAsleep() {
    return asleep;
  }

  /** Returns the page of {@code /metrics}. */
  String page(EngineModel model) {
    MetricsPage page =
        new MetricsPage(Map.of("engine", "0", "model_name", settings.model()), createdSeconds);
    gauges(page, model);
    counters(page, model);
    histograms(page);
    cacheConfig(page);
    return page.text();
  }

  private void gauges(MetricsPage page, EngineModel model) {
    String byReason = "vllm:num_requests_waiting_by_reason";
    String sleepState = "vllm:engine_sleep_state";
    double usage = (double) model.usedBlocks() / settings.profile().blocks();
    page.gauge(
            "vllm:num_requests_running",
            "Number of requests in model execution batches.",
            model.runningCount())
        .gauge(
            "vllm:num_requests_waiting",
            "Number of requests waiting to be processed.",
            model.waitingCount())
        .gauge(
            byReason,
            "Number of requests waiting to be processed, by reason.",
            Map.of("reason", "capacity"),
            model.waitingCount())
        .another(byReason, Map.of("reason", "deferred"), 0)
        .gauge(sleepState, "Engine sleep state.", Map.of("sleep_state", "awake"), asleep ? 0 : 1)
        .another(sleepState, Map.of("sleep_state", "weights_offloaded"), sleepLevel == 1 ? 1 : 0)
        .another(sleepState, Map.of("sleep_state", "discard_all"), sleepLevel == 2 ? 1 : 0)
        .gauge("vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", usage);
  }

  private void counters(MetricsPage page, EngineModel model) {
    Map<String, Double> sources = new LinkedHashMap<>();
    sources.put("local_compute", (double) (promptTokens - cachedPromptTokens));
    sources.put("local_cache_hit", (double) cachedPromptTokens);
    sources.put("external_kv_transfer", 0.0);
    page.counter(
            "vllm:prefix_cache_queries",
            "Prefix cache queries, in terms of number of queried tokens.",
            model.queriedTokens())
        .counter(
            "vllm:prefix_cache_hits",
            "Prefix cache hits, in terms of number of cached tokens.",
            model.hitTokens())
        .counter("vllm:external_prefix_cache_queries", "External prefix cache queries.", 0)
        .counter("vllm:external_prefix_cache_hits", "External prefix cache hits.", 0)
        .counter(
            "vllm:num_preemptions",
            "Cumulative number of preemption from the engine.",
            model.preemptions())
        .counter("vllm:prompt_tokens", "Number of prefill tokens processed.", promptTokens)
        .counter(
            "vllm:prompt_tokens_by_source", "Number of prompt tokens by source.", "source", sources)
        .counter("vllm:prompt_tokens_cached", "Number of cached prompt tokens.", cachedPromptTokens)
        .counter(
            "vllm:generation_tokens", "Number of generation tokens processed.", generatedTokens)
        .counter(
            "vllm:request_success",
            "Count of successfully processed requests.",
            "finished_reason",
            successes)
        .counter(
            "vllm:admission_rejections",
            "Requests refused by admission control.",
            "reason",
            Map.of("max_num_queued_reqs", (double) rejections));
  }

  private void histograms(MetricsPage page) {
    page.histogram("vllm:iteration_tokens_total", "Tokens per engine step.", stepTokens)
        .histogram("vllm:time_to_first_token_seconds", "Time to first token.", firstToken)
        .histogram("vllm:inter_token_latency_seconds", "Inter-token latency.", interToken)
        .histogram(
            "vllm:request_time_per_output_token_seconds",
            "Time per output token of a request.",
            perOutputToken)
        .histogram("vllm:e2e_request_latency_seconds", "E2E request latency.", endToEnd)
        .histogram("vllm:request_queue_time_seconds", "Time in WAITING phase.", queued)
        .histogram("vllm:request_inference_time_seconds", "Time in RUNNING phase.", inference)
        .histogram("vllm:request_prefill_time_seconds", "Time in PREFILL phase.", prefill)
        .histogram("vllm:request_decode_time_seconds", "Time in DECODE phase.", decode)
        .histogram("vllm:request_prompt_tokens", "Prefill tokens of a request.", promptLengths)
        .histogram(
            "vllm:request_generation_tokens", "Generation tokens of a request.", outputLengths)
        .histogram(
            "vllm:request_max_num_generation_tokens",
            "Maximum number of requested generation tokens.",
            longestOutputs)
        .histogram("vllm:request_params_n", "The n request parameter.", completions)
        .histogram(
            "vllm:request_params_max_tokens", "The max_tokens request parameter.", askedLengths)
        .histogram(
            "vllm:request_prefill_kv_computed_tokens",
            "New KV tokens computed during prefill.",
            computedLengths);
  }

  private void cacheConfig(MetricsPage page) {
    EngineProfile profile = settings.profile();
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put("block_size", Integer.toString(profile.blockSizeTokens()));
    labels.put("cache_dtype", "auto");
    labels.put("effective_attention_block_size", Integer.toString(profile.blockSizeTokens()));
    labels.put("enable_prefix_caching", "True");
    labels.put("engine", "0");
    labels.put("gpu_memory_utilization", "0.92");
    labels.put(
        "kv_cache_max_concurrency",
        Double.toString((double) profile.capacityTokens() / profile.maxModelLenTokens()));
    labels.put("kv_cache_size_tokens", Long.toString(profile.capacityTokens()));
    labels.put("num_cpu_blocks", "None");
    labels.put("num_gpu_blocks", Integer.toString(profile.blocks()));
    labels.put("prefix_caching_hash_algo", "sha256");
    MetricsPage info = new MetricsPage(labels, createdSeconds);
    page.append(
        info.gauge("vllm:cache_config_info", "Information of the LLMEngine CacheConfig", 1));
  }

  private static double seconds(long nanos) {
    return nanos / NANOS_PER_SECOND;
  }
}
