package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.tokenizer.EncodingThreads;
import io.warmpath.tokenizer.HeadEncoder;
import io.warmpath.tokenizer.ModelTokenizer;
import io.warmpath.tokenizer.TokenHead;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models' tokenizers, and the threads that run them. No request fails here: what cannot be
 * encoded now is told by its bytes. Thread-safe.
 */
final class Tokenizers implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Tokenizers.class);

  private static final Duration[] BUCKETS = {
    Duration.ofMillis(1),
    Duration.ofMillis(2),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(100),
  };

  private final Map<Path, ModelTokenizer> byFile;
  private final @Nullable EncodingThreads threads;
  private final Map<Result, Counter> results = new EnumMap<>(Result.class);
  private final Counter bytes;
  private final Counter tokens;
  private final Timer encoding;

  /** Who waits for the first tokens of its prompt. */
  interface Request {

    /** Whether it still waits. Any thread. */
    boolean isWaiting();

    /** The prompt's first tokens, or null when it goes by its bytes. On the request's own loop. */
    void encoded(@Nullable TokenHead head);
  }

  /** What became of a text. */
  private enum Result {
    ENCODED,
    REMEMBERED,
    QUEUE_FULL,
    FAILED,
    ABANDONED,
  }

  private Tokenizers(
      Map<Path, ModelTokenizer> byFile, RouterConfig.Limits limits, MeterRegistry registry) {
    this.byFile = byFile;
    this.threads =
        byFile.isEmpty()
            ? null
            : new EncodingThreads(limits.tokenizerThreads(), limits.tokenizerQueueSize());
    for (Result result : Result.values()) {
      results.put(
          result,
          Counter.builder("warmpath.router.tokenizer.texts")
              .description("Prompts to be encoded, by what became of it")
              .tag("result", result.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
    bytes =
        Counter.builder("warmpath.router.tokenizer.text")
            .description("Text of which first tokens were made")
            .baseUnit("bytes")
            .register(registry);
    tokens =
        Counter.builder("warmpath.router.tokenizer.tokens")
            .description("First tokens made")
            .register(registry);
    encoding =
        Timer.builder("warmpath.router.tokenizer.encoding")
            .description("Time to make the first tokens of one prompt")
            .serviceLevelObjectives(BUCKETS)
            .register(registry);
    registry.gauge("warmpath.router.tokenizer.waiting", this, Tokenizers::waiting);
  }

  /**
   * Reads the tokenizers that a config names, and starts their threads if there are any.
   *
   * @throws IOException when one cannot be used, in one sentence that names the setting
   */
  static Tokenizers start(RouterConfig config, MeterRegistry registry) throws IOException {
    Map<Path, ModelTokenizer> byFile = new HashMap<>();
    read("defaults", config.defaultModel(), byFile);
    for (Map.Entry<String, RouterConfig.Model> model : config.models().entrySet()) {
      read("models." + model.getKey(), model.getValue(), byFile);
    }
    return new Tokenizers(byFile, config.limits(), registry);
  }

  private static void read(String place, RouterConfig.Model model, Map<Path, ModelTokenizer> byFile)
      throws IOException {
    Path file = model.tokenizer();
    if (file != null && !byFile.containsKey(file)) {
      try {
        byFile.put(file, ModelTokenizer.read(file));
      } catch (IOException unusable) {
        throw new IOException(place + ".tokenizer: " + unusable.getMessage(), unusable);
      }
    }
  }

  /** Returns what encodes for a model with this tokenizer, or null for none. */
  @Nullable HeadEncoder encoder(@Nullable Path file, PromptPrefixes prefixes) {
    ModelTokenizer tokenizer = file == null ? null : byFile.get(file);
    return tokenizer == null ? null : encoder(tokenizer, prefixes);
  }

  /** Returns what makes the first tokens of a model's prompts, all of those of a family. */
  static HeadEncoder encoder(ModelTokenizer tokenizer, PromptPrefixes prefixes) {
    return new HeadEncoder(tokenizer, prefixes.familyTokens(), prefixes.stepTokens());
  }

  /**
   * Has a text encoded. The request is told within this call when there is nothing to do, the
   * tokens are remembered, or too many texts wait; else later, unless it gave up.
   *
   * @param loop runs what is of the request's event loop
   */
  void encode(@Nullable PromptText text, Executor loop, Request request) {
    EncodingThreads encoders = threads;
    if (text == null || encoders == null) {
      request.encoded(null);
      return;
    }
    TokenHead known = text.encoder().remembered(text.bytes(), text.special());
    if (known != null) {
      count(Result.REMEMBERED);
      request.encoded(known);
    } else if (!encoders.submit(() -> encodeNow(text, loop, request))) {
      count(Result.QUEUE_FULL);
      request.encoded(null);
    }
  }

  /* On a thread of the tokenizers'. */
  private void encodeNow(PromptText text, Executor loop, Request request) {
    if (!request.isWaiting()) {
      count(Result.ABANDONED);
      return;
    }
    @Var TokenHead made = null;
    try {
      made = made(text);
    } finally {
      TokenHead head = made;
      hand(() -> request.encoded(head), loop);
    }
  }

  @SuppressWarnings("IllegalCatch") // The native side throws nothing narrower; bytes do instead.
  private @Nullable TokenHead made(PromptText text) {
    try {
      TokenHead head = encoding.record(() -> text.encoder().encode(text.bytes(), text.special()));
      count(Result.ENCODED);
      tokens.increment(head.ids().length);
      bytes.increment(head.isWhole() ? text.bytes().length : head.lastBegins());
      return head;
    } catch (RuntimeException refused) {
      LOG.debug("a prompt was not encoded", refused);
      count(Result.FAILED);
      return null;
    }
  }

  private static void hand(Runnable task, Executor loop) {
    try {
      loop.execute(task);
    } catch (RejectedExecutionException closed) {
      LOG.debug("the router closed while a prompt was encoded", closed);
    }
  }

  private void count(Result result) {
    Objects.requireNonNull(results.get(result)).increment();
  }

  private int waiting() {
    return threads == null ? 0 : threads.waiting();
  }

  /** Ends the threads; what waits is dropped. */
  @Override
  public void close() {
    if (threads != null) {
      threads.close();
    }
  }
}
