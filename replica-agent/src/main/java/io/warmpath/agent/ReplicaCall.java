package io.warmpath.agent;

import io.grpc.StatusRuntimeException;
import io.warmpath.agent.ReplicaMetrics.Outcome;
import io.warmpath.agent.engine.EngineUsage;
import io.warmpath.agent.http.EngineExchange;
import io.warmpath.agent.http.EngineFailure;
import io.warmpath.agent.http.EngineHttpClient;
import io.warmpath.agent.http.EngineRequest;
import io.warmpath.agent.http.ResponseListener;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.ReplicaReport.ServedModel;
import io.warmpath.routing.replica.QueuedRequest;
import io.warmpath.v1.Completed;
import io.warmpath.v1.Placement;
import io.warmpath.v1.Refused;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.Usage;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One request at a replica, from its router's call to the end of the engine's answer, whatever it
 * travels over. Confined to the replica's event loop once it is made.
 *
 * <p>It is waiting, then at the engine, then ended; it ends exactly once, whoever ends it: the
 * engine's answer, a failure, the router's cancellation, or a drain.
 */
abstract class ReplicaCall implements ResponseListener {

  static final Duration NO_LIMIT = Duration.ofDays(1);

  private static final double NANOS_PER_SECOND = 1e9;

  private final Replica replica;
  private final ReplicaGenerateRequest request;
  private final QueuedRequest queued;
  private final PromptPrefix prefix;

  private final boolean lengthEstimated;
  private @Nullable EngineExchange exchange;
  private boolean dispatched;
  private boolean ended;
  private long dispatchedNanos;
  private long firstOutputNanos;
  private PrefillTimes.@Nullable Observation prefill;

  /**
   * A call that nobody has admitted yet.
   *
   * @param request a request that {@link RequestChecks} found good
   */
  ReplicaCall(Replica replica, ReplicaGenerateRequest request) {
    this.replica = replica;
    this.request = request;
    int promptTokens = RequestChecks.promptTokens(request);
    this.lengthEstimated = RequestChecks.isLengthEstimated(request);
    int cachedTokens = request.getExpectedCachedTokens();
    PromptLengths lengths = replica.promptLengths();
    this.queued =
        new QueuedRequest(
            lengthEstimated ? lengths.likely(promptTokens) : promptTokens,
            lengthEstimated ? lengths.likely(cachedTokens) : cachedTokens,
            request.getRequest().getPriority(),
            replica.nanos());
    long[] steps = new long[request.getStepHashesCount()];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = request.getStepHashes(i);
    }
    this.prefix = new PromptPrefix(steps, replica.stepTokens(), promptTokens, request.getFamily());
  }

  // ---- what its transport does

  /** Returns why the replica, with these models, cannot serve it, or null when it can. */
  abstract @Nullable StatusRuntimeException modelProblem(List<ServedModel> models);

  /** Tells the router where the call is. */
  abstract void sendPlacement(Placement placement);

  /** Tells the router that the replica does not take it. */
  abstract void sendRefusal(Refused refused);

  /** Tells the router that it failed. */
  abstract void sendFailure(StatusRuntimeException status);

  /** Makes the engine's request, which from then on owns what it is made of. */
  abstract EngineRequest engineRequest(int enginePriority, Duration idleTimeout);

  /** Whether the router takes more now. */
  abstract boolean isReady();

  /** Whether the answer comes whole, so that nothing of it tells when the prompt was computed. */
  boolean isUnary() {
    return false;
  }

  /** It was admitted, and is at the engine if its turn came at once. */
  void settled() {}

  /** The call is over: frees what it still holds. */
  void discard() {}

  // ---- what the replica asks and tells

  Replica replica() {
    return replica;
  }

  /** Whether the router only estimated how many tokens the prompt has. */
  boolean isLengthEstimated() {
    return lengthEstimated;
  }

  ReplicaGenerateRequest request() {
    return request;
  }

  QueuedRequest queued() {
    return queued;
  }

  PromptPrefix prefix() {
    return prefix;
  }

  /** Whether the engine has it or had it. */
  boolean isDispatched() {
    return dispatched;
  }

  /** When the engine got it. */
  long dispatchedNanos() {
    return dispatchedNanos;
  }

  /** Whether its prompt is computed, as its first output tells. */
  boolean hasOutput() {
    return prefill != null;
  }

  boolean isEnded() {
    return ended;
  }

  /** The replica does not take it. */
  void refuse(Refused refused) {
    ended = true;
    sendRefusal(refused);
    discard();
  }

  /** The replica cannot serve it at all. */
  void reject(StatusRuntimeException status) {
    ended = true;
    sendFailure(status);
    discard();
  }

  /** The replica takes it; {@code pendingSeconds} of work are before it. */
  void accepted(double pendingSeconds) {
    sendPlacement(
        Placement.newBuilder()
            .setReplicaId(replica.id())
            .setReason(request.getReason())
            .setExpectedCachedTokens(request.getExpectedCachedTokens())
            .setAttempts(1)
            .setFamily(request.getFamily())
            .setPendingWorkSeconds(pendingSeconds)
            .build());
  }

  /** Its turn has come: it goes to the engine. */
  void dispatch(EngineHttpClient client, Duration idleTimeout, int enginePriority, long nowNanos) {
    dispatched = true;
    dispatchedNanos = nowNanos;
    replica.metrics().waited(nowNanos - queued.arrivalNanos());
    exchange = client.send(engineRequest(enginePriority, idleTimeout), this);
    if (isUnary()) {
      replica.presumeLater(this, nowNanos);
    }
  }

  /** The router does not want it any more. */
  void cancelled() {
    end(Outcome.CANCELLED);
  }

  /** The replica is leaving and does not wait for it any longer. */
  void drained() {
    fail(Outcome.DRAINED, StatusMapping.drained(replica.id()));
  }

  /** The engine sleeps: what it has not begun to answer may be served elsewhere. */
  void asleep() {
    if (firstOutputNanos == 0) {
      fail(Outcome.ENGINE_FAILED, StatusMapping.asleep(replica.id()));
    }
  }

  /** The router can take more. */
  void resume() {
    EngineExchange current = exchange;
    if (current != null && isReady()) {
      current.setReading(true);
    }
  }

  @Override
  public void onFailure(EngineFailure failure) {
    if (!ended) {
      replica.engineFailed();
      fail(Outcome.ENGINE_FAILED, StatusMapping.of(failure, replica.id()));
    }
  }

  // ---- what its transport finds out

  /** The first output came, which tells that the prompt is computed; only the first call counts. */
  void firstOutput() {
    if (prefill == null) {
      firstOutputNanos = replica.nanos();
      replica.metrics().firstToken(firstOutputNanos - queued.arrivalNanos());
      prefill = replica.prefilled(this, firstOutputNanos);
    }
  }

  /** The prompt should be computed by now, though nothing tells. */
  void presumeComputed() {
    if (!ended && prefill == null) {
      prefill = replica.prefilled(this, replica.nanos());
    }
  }

  /** The router has more than it can take: the engine has to wait for {@link #resume}. */
  void holdBackIfFull() {
    EngineExchange current = exchange;
    if (current != null && !isReady()) {
      // No lost wake-up: the transport's ready signal is a later task of this event loop.
      current.setReading(false);
    }
  }

  /** Counts a whole answer by what the engine said, and returns what the router is told. */
  Completed count(@Nullable EngineUsage said, int seenTokens) {
    Usage usage = usage(said, seenTokens);
    replica.completed(this, usage);
    Completed.Builder completed = Completed.newBuilder().setUsage(usage);
    if (firstOutputNanos != 0) {
      completed.setTtftSeconds((firstOutputNanos - queued.arrivalNanos()) / NANOS_PER_SECOND);
    }
    return completed.build();
  }

  /** The answer came to its good end, of which the router was told. */
  void succeed(@Nullable EngineUsage said) {
    // The exchange goes on to the end of the HTTP answer, so that its connection can be kept.
    EngineExchange current = exchange;
    exchange = null;
    if (current != null) {
      current.setReading(true);
    }
    end(Outcome.COMPLETED, computedTokens(said));
  }

  /** Prompt tokens that the engine computed, negative when nothing says it. */
  private int computedTokens(@Nullable EngineUsage said) {
    if (said == null || firstOutputNanos == 0) {
      return -1;
    }
    if (said.cachedTokens() >= 0) {
      return Math.max(0, said.promptTokens() - said.cachedTokens());
    }
    return replica.cacheHits().isMeasured()
        ? said.promptTokens() - likelyCachedTokens(said.promptTokens())
        : -1;
  }

  /** The engine's answer makes no sense. */
  void malformed(String what) {
    if (!ended) {
      replica.metrics().malformedStream();
    }
    fail(Outcome.MALFORMED, StatusMapping.malformed(replica.id(), what));
  }

  void fail(Outcome outcome, StatusRuntimeException status) {
    if (end(outcome)) {
      sendFailure(status);
    }
  }

  /** Ends the call unless it has ended; an exchange that is under way is cut off. */
  boolean end(Outcome outcome) {
    return end(outcome, -1);
  }

  private boolean end(Outcome outcome, int computedTokens) {
    if (ended) {
      return false;
    }
    ended = true;
    EngineExchange current = exchange;
    if (current != null) {
      current.cancel();
    }
    PrefillTimes.Observation computed = prefill;
    if (computed != null) {
      replica.learned(computed, computedTokens);
    }
    replica.ended(this, outcome);
    discard();
    return true;
  }

  private int likelyCachedTokens(int promptTokens) {
    return replica.cacheHits().likely(promptTokens, queued.expectedCachedTokens());
  }

  private Usage usage(@Nullable EngineUsage said, int seenTokens) {
    if (said == null) {
      return Usage.newBuilder()
          .setPromptTokens(queued.promptTokens())
          .setCachedTokens(likelyCachedTokens(queued.promptTokens()))
          .setCompletionTokens(seenTokens)
          .setCachedTokensEstimated(true)
          .setEstimated(true)
          .build();
    }
    boolean estimated = said.cachedTokens() < 0;
    int cached = estimated ? likelyCachedTokens(said.promptTokens()) : said.cachedTokens();
    return Usage.newBuilder()
        .setPromptTokens(said.promptTokens())
        .setCachedTokens(Math.min(cached, said.promptTokens()))
        .setCompletionTokens(said.completionTokens())
        .setCachedTokensEstimated(estimated)
        .build();
  }
}
