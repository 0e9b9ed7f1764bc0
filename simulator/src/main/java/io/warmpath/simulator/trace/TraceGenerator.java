package io.warmpath.simulator.trace;

import com.google.errorprone.annotations.Var;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Makes traces of sessions: each begins with its family's shared blocks, and each turn's prompt is
 * the whole session so far plus something new. The same arguments give the same trace.
 */
public final class TraceGenerator {

  /*
   * Sessions begin as a Poisson process. A turn's recorded arrival is the turn before's plus what
   * both prefill and decoding take on an idle replica with a warm cache plus a pause, so that the
   * trace can be replayed open loop; the pause is recorded too, for closed loops.
   */
  private static final int BLOCK_TOKENS = 128;
  private static final double PREFILL_TOKENS_PER_SECOND = 20_000;
  private static final double DECODE_TOKEN_SECONDS = 0.015;

  /** A session ends when its prompt would be longer. */
  private static final int MAX_PROMPT_TOKENS = 120_000;

  /** When, as shares of the trace, the crowd of the profile FLASH_CROWD comes and goes. */
  private static final double CROWD_BEGINS = 0.45;

  private static final double CROWD_ENDS = 0.6;

  private final RandomGenerator random;
  private final FamilyPool.BlockIds ids = new FamilyPool.BlockIds();
  private final List<Draft> drafts = new ArrayList<>();
  private final PriorityQueue<Double> upcoming = new PriorityQueue<>();
  private @Var int sessions;

  private TraceGenerator(long seed) {
    this.random = new SplittableRandom(seed);
  }

  /**
   * Returns a trace.
   *
   * @param profile what the traffic is like
   * @param requests how many, 1..10,000,000
   * @param requestsPerSecond mean rate, above 0
   * @param seed of all draws
   */
  public static Trace generate(
      TraceProfile profile, int requests, double requestsPerSecond, long seed) {
    if (requests < 1 || requests > 10_000_000) {
      throw new IllegalArgumentException("requests is " + requests + ", must be 1..10000000");
    }
    if (!(requestsPerSecond > 0 && requestsPerSecond <= 1e6)) {
      throw new IllegalArgumentException(
          "rate is " + requestsPerSecond + ", must be above 0 and at most 1000000");
    }
    TraceGenerator generator = new TraceGenerator(seed);
    generator.draft(profile, requests, requestsPerSecond);
    return generator.assemble(profile.toString(), requests);
  }

  /** A turn on its way into the trace. */
  @SuppressWarnings("ArrayRecordComponent") // private, never compared
  private record Draft(
      double arrivalSeconds,
      int promptTokens,
      int outputTokens,
      long[] blockIds,
      int session,
      int turn,
      double thinkSeconds) {}

  private void draft(TraceProfile profile, int requests, double requestsPerSecond) {
    List<Source> sources =
        profile.parts().stream().map(part -> new Source(part, ids, random)).toList();
    double lengthSeconds = requests / requestsPerSecond;
    @Var double nowSeconds = 0;
    @Var int arrived = 0;
    while (arrived < requests) {
      double progress = nowSeconds / lengthSeconds;
      boolean crowded = progress >= CROWD_BEGINS && progress < CROWD_ENDS;
      double[] rates = new double[sources.size()];
      for (int i = 0; i < rates.length; i++) {
        rates[i] = requestsPerSecond * sources.get(i).sessionRate(crowded);
      }
      double total = Arrays.stream(rates).sum();
      nowSeconds += -Math.log(1 - random.nextDouble()) / total;
      sources.get(drawIndex(rates, total)).session(this, nowSeconds);
      while (!upcoming.isEmpty() && upcoming.peek() <= nowSeconds) {
        upcoming.remove();
        arrived++;
      }
    }
  }

  private int drawIndex(double[] weights, double total) {
    @Var double at = random.nextDouble() * total;
    for (int i = 0; i < weights.length - 1; i++) {
      at -= weights[i];
      if (at < 0) {
        return i;
      }
    }
    return weights.length - 1;
  }

  private Trace assemble(String name, int requests) {
    drafts.sort(Comparator.comparingDouble(Draft::arrivalSeconds));
    int[] lastOfSession = new int[sessions];
    Arrays.fill(lastOfSession, -1);
    List<TraceRequest> made = new ArrayList<>(requests);
    for (int i = 0; i < requests; i++) {
      Draft draft = drafts.get(i);
      int parent = lastOfSession[draft.session];
      made.add(
          new TraceRequest(
              draft.arrivalSeconds * 1000,
              draft.promptTokens,
              draft.outputTokens,
              draft.blockIds,
              new TraceRequest.Turn(
                  "s" + draft.session,
                  draft.turn,
                  parent,
                  parent < 0 ? Double.NaN : draft.thinkSeconds * 1000)));
      lastOfSession[draft.session] = i;
    }
    return new Trace(name, BLOCK_TOKENS, 0, made);
  }

  /** Sessions of one style. */
  private static final class Source {

    private final TraceProfile.Part part;
    private final FamilyPool families;

    Source(TraceProfile.Part part, FamilyPool.BlockIds ids, RandomGenerator random) {
      this.part = part;
      this.families = new FamilyPool(part.style().families(), BLOCK_TOKENS, ids, random);
    }

    /** Sessions that begin per request of the whole trace. */
    double sessionRate(boolean crowded) {
      double share = part.onlyInCrowd() && !crowded ? 0 : part.requestShare();
      return share / part.style().meanTurns();
    }

    /** Drafts a session that begins at {@code startSeconds}. */
    void session(TraceGenerator generator, double startSeconds) {
      RandomGenerator random = generator.random;
      SessionStyle style = part.style();
      long[] shared = families.draw(random);
      int session = generator.sessions++;
      int turns = style.turns().drawInt(random);
      @Var long[] context = shared;
      @Var int contextTokens = shared.length * BLOCK_TOKENS;
      @Var double arrivalSeconds = startSeconds;
      @Var double thinkSeconds = 0;
      for (int turn = 1; turn <= turns; turn++) {
        int newTokens = Math.max(1, style.newTokens().drawInt(random));
        int promptTokens = contextTokens + newTokens;
        if (promptTokens > MAX_PROMPT_TOKENS) {
          return;
        }
        int outputTokens = Math.max(1, style.outputTokens().drawInt(random));
        context = generator.extended(context, contextTokens, promptTokens);
        generator.add(
            new Draft(
                arrivalSeconds, promptTokens, outputTokens, context, session, turn, thinkSeconds));
        thinkSeconds = style.thinkSeconds().draw(random);
        arrivalSeconds +=
            newTokens / PREFILL_TOKENS_PER_SECOND
                + outputTokens * DECODE_TOKEN_SECONDS
                + thinkSeconds;
        contextTokens = promptTokens + outputTokens;
      }
    }
  }

  private void add(Draft draft) {
    drafts.add(draft);
    upcoming.add(draft.arrivalSeconds);
  }

  /**
   * Returns the blocks of a prompt that goes on after {@code oldTokens} of context: the full blocks
   * of the context stay, all that follows is new, a partial last block included.
   */
  private long[] extended(long[] context, int oldTokens, int newTokens) {
    int kept = Math.min(context.length, oldTokens / BLOCK_TOKENS);
    long[] blocks = Arrays.copyOf(context, Math.ceilDiv(newTokens, BLOCK_TOKENS));
    for (int i = kept; i < blocks.length; i++) {
      blocks[i] = ids.next();
    }
    return blocks;
  }
}
