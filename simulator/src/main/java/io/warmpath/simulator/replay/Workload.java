package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A trace made ready for replay: each request's chain of step hashes and its full blocks as
 * numbers. Immutable; shared by all runs.
 */
public final class Workload {

  /** Tokens a step of the chain. */
  static final int STEP_TOKENS = 128;

  /** Steps that make the family: the first 1,024 tokens. */
  private static final int FAMILY_STEPS = 8;

  private final Trace trace;
  private final PromptPrefix[] prefixes;
  private final int[][] blocks;
  private final long[] sessions;
  private final long promptTokens;
  private final long cacheableTokens;
  private final long hottestFamily;

  private Workload(Trace trace) {
    this.trace = trace;
    int count = trace.requests().size();
    this.prefixes = new PromptPrefix[count];
    this.blocks = new int[count][];
    this.sessions = new long[count];
    BlockNumbers numbers = new BlockNumbers();
    @Var long tokens = 0;
    @Var long cacheable = 0;
    for (int i = 0; i < count; i++) {
      TraceRequest request = trace.requests().get(i);
      prefixes[i] = prefix(request, trace.blockTokens());
      blocks[i] = fullBlocks(request, trace.blockTokens(), numbers);
      sessions[i] = session(request);
      tokens += request.promptTokens();
      cacheable += request.promptTokens() + request.outputTokens() + trace.blockTokens();
    }
    this.promptTokens = tokens;
    this.cacheableTokens = cacheable;
    this.hottestFamily = hottest(prefixes);
  }

  /** Returns the family of most requests, the one that came first if several have as many. */
  private static long hottest(PromptPrefix[] prefixes) {
    Map<Long, Integer> requests = new LinkedHashMap<>();
    for (PromptPrefix prefix : prefixes) {
      requests.merge(prefix.family(), 1, Integer::sum);
    }
    requests.remove(0L);
    return requests.entrySet().stream()
        .reduce((a, b) -> a.getValue() >= b.getValue() ? a : b)
        .map(Map.Entry::getKey)
        .orElse(0L);
  }

  /** Prepares {@code trace}. */
  public static Workload of(Trace trace) {
    return new Workload(trace);
  }

  /** The trace it was made from. */
  public Trace trace() {
    return trace;
  }

  /** Number of requests. */
  public int size() {
    return prefixes.length;
  }

  /** Prompt tokens of all requests. */
  public long promptTokens() {
    return promptTokens;
  }

  /** Tokens that a cache holds when it holds all prompts and answers, at most. */
  long cacheableTokens() {
    return cacheableTokens;
  }

  /** Whether a request is of the family with the most requests. */
  boolean isOfHottestFamily(int request) {
    return hottestFamily != 0 && prefixes[request].family() == hottestFamily;
  }

  /** That family's share of the requests, 0..1. */
  double hottestShare() {
    return (double) IntStream.range(0, size()).filter(this::isOfHottestFamily).count() / size();
  }

  List<TraceRequest> requests() {
    return trace.requests();
  }

  PromptPrefix prefix(int request) {
    return prefixes[request];
  }

  /** Numbers of the request's full blocks; not to be changed. */
  int[] blocks(int request) {
    return blocks[request];
  }

  /** Hash of the request's session, 0 for none. */
  long session(int request) {
    return sessions[request];
  }

  private static PromptPrefix prefix(TraceRequest request, int blockTokens) {
    long[] steps = StepHashes.of(request, blockTokens, STEP_TOKENS, FAMILY_STEPS);
    long family = steps.length == 0 ? 0 : steps[Math.min(FAMILY_STEPS, steps.length) - 1];
    return new PromptPrefix(steps, STEP_TOKENS, request.promptTokens(), family);
  }

  private static int[] fullBlocks(TraceRequest request, int blockTokens, BlockNumbers numbers) {
    int[] full = new int[request.promptTokens() / blockTokens];
    @Var int parent = BlockNumbers.ROOT;
    for (int i = 0; i < full.length; i++) {
      parent = numbers.number(parent, request.blockId(i));
      full[i] = parent;
    }
    return full;
  }

  private static long session(TraceRequest request) {
    TraceRequest.Turn turn = request.turn();
    if (turn == null) {
      return 0;
    }
    @Var long hash = 1;
    for (int i = 0; i < turn.session().length(); i++) {
      hash = StepHashes.mix(hash, turn.session().charAt(i));
    }
    return hash;
  }
}
