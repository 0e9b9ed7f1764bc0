package io.warmpath.simulator.engine;

import com.google.errorprone.annotations.Var;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * The scheduler and block cache of one engine, as a state machine driven by the caller's clock:
 * {@link #submit} requests, and call {@link #advance} no later than {@link #nextEventNanos}. The
 * same model serves a replay in virtual time and a server in real time. Not thread-safe.
 *
 * <p>Time is nanoseconds of any origin and does not go back.
 */
public final class EngineModel {

  /*
   * One step is one forward pass. It is composed when the previous one ends, as vLLM's scheduler
   * does:
   *
   * 1. Running requests in the order they began, each with the tokens it still has to compute,
   *    while the budget of batched tokens lasts. A prompt is left unfinished only when the budget
   *    ran out on it, and nobody begins after that, so at most the last running request is
   *    prefilling: decoding comes first by construction.
   * 2. A running request that finds no free block preempts the request that began last (by
   *    priority: the least urgent, then the latest), which gives up its blocks and waits to be
   *    recomputed.
   * 3. Waiting requests, if nobody was preempted, while budget, sequences and blocks last. Cached
   *    leading blocks are taken over; the last token is always computed, for it yields the next
   *    one.
   *
   * A block counts as cached from the step that fills it, so that requests of one step share. When
   * a request ends its blocks are freed last block first: a chain is evicted from its tail.
   */

  private static final double NANOS_PER_SECOND = 1e9;

  private final EngineProfile profile;
  private final EngineListener listener;
  private final BlockCache cache;
  private final long overheadNanos;

  private final ArrayDeque<EngineRequest> arriving = new ArrayDeque<>();
  private final PriorityQueue<EngineRequest> waiting;
  private final ArrayList<EngineRequest> running = new ArrayList<>();

  // Aborted requests stay in the collections until they are met there; these count the others.
  private int arrivingCount;
  private int waitingCount;
  private int runningCount;

  private double slowdown = 1;
  private boolean stepping;
  private long stepEndNanos;
  private int stepPrefillTokens;
  private int stepDecodeSequences;

  private long submissions;
  private long queriedTokens;
  private long hitTokens;
  private long preemptions;

  /** An idle engine with an empty cache. */
  public EngineModel(EngineProfile profile, EngineListener listener) {
    this.profile = profile;
    this.listener = listener;
    cache = new BlockCache(profile.blocks(), listener);
    overheadNanos = Math.round(profile.requestOverheadSeconds() * NANOS_PER_SECOND);
    Comparator<EngineRequest> byArrival = Comparator.comparingLong(request -> request.sequence);
    waiting =
        new PriorityQueue<>(
            profile.priorityScheduling()
                ? Comparator.comparingInt(EngineRequest::priority).thenComparing(byArrival)
                : byArrival);
  }

  /**
   * Accepts a request that arrives now. Advance the model to {@code nowNanos} before.
   *
   * @throws IllegalArgumentException if it is longer than the model allows
   */
  public void submit(EngineRequest request, long nowNanos) {
    if (request.state != EngineRequest.State.NEW) {
      throw new IllegalStateException("request is already " + request.state);
    }
    long length = (long) request.promptTokens() + request.outputTokens();
    if (length > profile.maxModelLenTokens()) {
      throw new IllegalArgumentException(
          "a request of " + length + " tokens; at most " + profile.maxModelLenTokens());
    }
    request.state = EngineRequest.State.ARRIVING;
    request.sequence = submissions++;
    request.arrivalNanos = nowNanos;
    request.readyNanos = nowNanos + overheadNanos;
    arriving.add(request);
    arrivingCount++;
  }

  /** Ends a request now and frees its blocks; false if it had ended already. */
  public boolean abort(EngineRequest request) {
    switch (request.state) {
      case ARRIVING -> arrivingCount--;
      case WAITING -> waitingCount--;
      case RUNNING -> {
        runningCount--;
        releaseBlocks(request);
      }
      case NEW, FINISHED, ABORTED -> {
        return false;
      }
    }
    request.state = EngineRequest.State.ABORTED;
    return true;
  }

  /** Forgets all cached content; false, and nothing is done, while blocks are in use. */
  public boolean clearCache() {
    if (cache.freeCount() != cache.size()) {
      return false;
    }
    cache.clear();
    return true;
  }

  /** Makes every step from now on take {@code factor} times as long as the profile says. */
  public void slowDown(double factor) {
    if (!(factor > 0 && factor < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("slowdown must be above 0: " + factor);
    }
    slowdown = factor;
  }

  /** Whether nothing happens until the next {@link #submit}. */
  public boolean isIdle() {
    return !stepping && arriving.isEmpty();
  }

  /** When {@link #advance} has something to do next; only while the engine is not idle. */
  public long nextEventNanos() {
    if (stepping) {
      return stepEndNanos;
    }
    return arriving.element().readyNanos;
  }

  /** Runs all steps that end, and begins those that begin, up to now. */
  public void advance(long nowNanos) {
    while (!isIdle() && nowNanos - nextEventNanos() >= 0) {
      long atNanos = nextEventNanos();
      if (stepping) {
        completeStep();
      }
      beginStep(atNanos);
    }
  }

  public EngineProfile profile() {
    return profile;
  }

  /** Requests in the batch. */
  public int runningCount() {
    return runningCount;
  }

  /** Requests accepted and not in the batch. */
  public int waitingCount() {
    return waitingCount + arrivingCount;
  }

  /** Blocks in use by running requests. */
  public int usedBlocks() {
    return cache.size() - cache.freeCount();
  }

  /** Blocks with cached content, in use or not. */
  public int cachedBlocks() {
    return cache.cachedCount();
  }

  /** Tokens looked up in the cache by requests that began to run, resumed ones not counted. */
  public long queriedTokens() {
    return queriedTokens;
  }

  /** The part of {@link #queriedTokens} that was cached. */
  public long hitTokens() {
    return hitTokens;
  }

  public long preemptions() {
    return preemptions;
  }

  /** Blocks whose content was evicted. */
  public long evictions() {
    return cache.evictions();
  }

  /**
   * The eviction mark: when the most recently evicted block was last used, which is when the last
   * request that held it ended. Meaningless while {@link #evictions} is 0.
   */
  public long evictionMarkNanos() {
    return cache.evictionMarkNanos();
  }

  /** Returns how many leading tokens of a prompt of this content are cached now. */
  public int cachedTokens(BlockKeys keys, int promptTokens) {
    return cachedBlocks(keys, promptTokens) * profile.blockSizeTokens();
  }

  private void completeStep() {
    stepping = false;
    @Var int kept = 0;
    for (int i = 0; i < running.size(); i++) {
      EngineRequest request = running.get(i);
      if (completeRequest(request)) {
        running.set(kept++, request);
      }
    }
    running.subList(kept, running.size()).clear();
    listener.stepCompleted(stepEndNanos, stepPrefillTokens, stepDecodeSequences);
  }

  /** Applies the step to one request; whether it goes on running. */
  private boolean completeRequest(EngineRequest request) {
    if (request.state != EngineRequest.State.RUNNING) {
      return false;
    }
    request.computedTokens += request.stepTokens;
    boolean sampled = request.stepTokens > 0 && request.remainingTokens() == 0;
    request.stepTokens = 0;
    if (!sampled) {
      return true;
    }
    request.decodedTokens++;
    request.listener().decoded(request, stepEndNanos);
    if (request.state != EngineRequest.State.RUNNING) {
      return false;
    }
    if (request.decodedTokens < request.outputTokens()) {
      return true;
    }
    request.state = EngineRequest.State.FINISHED;
    runningCount--;
    releaseBlocks(request);
    request.listener().finished(request, stepEndNanos);
    return false;
  }

  private void beginStep(long nowNanos) {
    admitArrived(nowNanos);
    long preemptionsBefore = preemptions;
    @Var int budget = continueRunning(nowNanos);
    if (preemptions == preemptionsBefore) {
      budget = startWaiting(budget, nowNanos);
    }
    if (budget == profile.maxBatchedTokens()) {
      return;
    }
    stepPrefillTokens = 0;
    stepDecodeSequences = 0;
    @Var long contextTokens = 0;
    for (EngineRequest request : running) {
      if (request.isDecoding()) {
        stepDecodeSequences += request.stepTokens;
        contextTokens += request.totalTokens();
      } else {
        stepPrefillTokens += request.stepTokens;
      }
    }
    double seconds =
        profile.stepTime().seconds(stepPrefillTokens, stepDecodeSequences, contextTokens);
    stepEndNanos = nowNanos + Math.max(1, Math.round(seconds * slowdown * NANOS_PER_SECOND));
    stepping = true;
  }

  private void admitArrived(long nowNanos) {
    @Var EngineRequest request = arriving.peek();
    while (request != null && nowNanos - request.readyNanos >= 0) {
      arriving.remove();
      if (request.state == EngineRequest.State.ARRIVING) {
        arrivingCount--;
        enqueue(request);
      }
      request = arriving.peek();
    }
  }

  private void enqueue(EngineRequest request) {
    request.state = EngineRequest.State.WAITING;
    waiting.add(request);
    waitingCount++;
  }

  /** Gives running requests their tokens of this step; returns the budget that is left. */
  private int continueRunning(long nowNanos) {
    @Var int budget = profile.maxBatchedTokens();
    @Var int position = 0;
    while (position < running.size() && budget > 0) {
      EngineRequest request = running.get(position);
      int tokens = Math.min(request.remainingTokens(), budget);
      if (blocksMissing(request, tokens) <= cache.freeCount()) {
        reserve(request, tokens, nowNanos);
        budget -= tokens;
        position++;
        continue;
      }
      // Preempting an earlier request gives its tokens back; preempting this one moves on.
      EngineRequest victim = leastUrgentRunning();
      if (running.indexOf(victim) < position) {
        position--;
      }
      budget += victim.stepTokens;
      preempt(victim, nowNanos);
    }
    return budget;
  }

  /** Starts waiting requests within {@code budget} tokens; returns what is left of it. */
  private int startWaiting(int budget, long nowNanos) {
    @Var int left = budget;
    while (left > 0 && runningCount < profile.maxSequences() && !waiting.isEmpty()) {
      EngineRequest request = waiting.element();
      if (request.state != EngineRequest.State.WAITING) {
        waiting.remove();
        continue;
      }
      int tokens = start(request, left, nowNanos);
      if (tokens == 0) {
        break;
      }
      waiting.remove();
      left -= tokens;
    }
    return left;
  }

  /** Starts one waiting request; returns the tokens of its first step, 0 if blocks are short. */
  private int start(EngineRequest request, int budget, long nowNanos) {
    int blockSize = profile.blockSizeTokens();
    int hits = cachedBlocks(request.keys(), request.totalTokens());
    int tokens = Math.min(request.totalTokens() - hits * blockSize, budget);
    int missing = blocksFor(hits * blockSize + tokens) - hits;
    if (missing > cache.freeCount() - freeAmongHits(request, hits)) {
      return 0;
    }
    for (int block = 0; block < hits; block++) {
      int hit = cache.find(request.keys().key(block));
      cache.acquire(hit, nowNanos);
      request.addBlock(hit);
    }
    request.computedTokens = hits * blockSize;
    request.storedBlocks = hits;
    request.state = EngineRequest.State.RUNNING;
    waitingCount--;
    runningCount++;
    running.add(request);
    reserve(request, tokens, nowNanos);
    if (request.cachedTokens < 0) {
      request.cachedTokens = hits * blockSize;
      request.scheduledNanos = nowNanos;
      queriedTokens += request.promptTokens();
      hitTokens += request.cachedTokens;
      request.listener().scheduled(request, nowNanos);
    }
    return tokens;
  }

  /** Allocates blocks for the next {@code tokens} of a request; there are enough. */
  private void reserve(EngineRequest request, int tokens, long nowNanos) {
    for (int missing = blocksMissing(request, tokens); missing > 0; missing--) {
      request.addBlock(cache.allocate(nowNanos));
    }
    request.stepTokens = tokens;
    storeFullBlocks(request, (request.computedTokens + tokens) / profile.blockSizeTokens());
  }

  /** Offers the blocks that this step fills to the cache, and tells of runs that were new to it. */
  private void storeFullBlocks(EngineRequest request, int fullBlocks) {
    @Var int runStart = request.storedBlocks;
    for (int block = runStart; block < fullBlocks; block++) {
      if (!cache.store(request.blocks[block], request.keys().key(block))) {
        tellStored(request, runStart, block);
        runStart = block + 1;
      }
    }
    tellStored(request, runStart, fullBlocks);
    request.storedBlocks = Math.max(request.storedBlocks, fullBlocks);
  }

  private void tellStored(EngineRequest request, int from, int to) {
    if (to > from) {
      listener.blocksStored(request, from, to - from);
    }
  }

  private EngineRequest leastUrgentRunning() {
    @Var EngineRequest victim = running.getLast();
    if (profile.priorityScheduling()) {
      for (EngineRequest request : running) {
        if (request.priority() > victim.priority()
            || (request.priority() == victim.priority() && request.sequence > victim.sequence)) {
          victim = request;
        }
      }
    }
    return victim;
  }

  private void preempt(EngineRequest request, long nowNanos) {
    running.remove(request);
    runningCount--;
    releaseBlocks(request);
    request.stepTokens = 0;
    request.computedTokens = 0;
    request.storedBlocks = 0;
    request.preemptions++;
    preemptions++;
    enqueue(request);
    request.listener().preempted(request, nowNanos);
  }

  /** A request holds its blocks to the end of a step. */
  private void releaseBlocks(EngineRequest request) {
    for (int block = request.blockCount - 1; block >= 0; block--) {
      cache.release(request.blocks[block], stepEndNanos);
    }
    request.blockCount = 0;
    request.blocks = new int[0];
  }

  /** Leading blocks found in the cache, never the one with the last token. */
  private int cachedBlocks(BlockKeys keys, int tokens) {
    int most = (tokens - 1) / profile.blockSizeTokens();
    @Var int hits = 0;
    while (hits < most && cache.find(keys.key(hits)) >= 0) {
      hits++;
    }
    return hits;
  }

  private int freeAmongHits(EngineRequest request, int hits) {
    @Var int free = 0;
    for (int block = 0; block < hits; block++) {
      if (cache.isFree(cache.find(request.keys().key(block)))) {
        free++;
      }
    }
    return free;
  }

  private int blocksMissing(EngineRequest request, int tokens) {
    return blocksFor(request.computedTokens + tokens) - request.blockCount;
  }

  private int blocksFor(int tokens) {
    return (tokens + profile.blockSizeTokens() - 1) / profile.blockSizeTokens();
  }

  /** Recounts from scratch, for tests. */
  void checkInvariants() {
    cache.checkInvariants();
    @Var int live = 0;
    for (EngineRequest request : running) {
      live += request.state == EngineRequest.State.RUNNING ? 1 : 0;
    }
    if (live != runningCount) {
      throw new IllegalStateException("broken invariant: running " + live + ", " + runningCount);
    }
  }
}
