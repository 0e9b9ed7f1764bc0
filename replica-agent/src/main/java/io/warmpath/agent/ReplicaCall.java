package io.warmpath.agent;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.warmpath.agent.ReplicaMetrics.Outcome;
import io.warmpath.agent.engine.CompletionListener;
import io.warmpath.agent.engine.CompletionStream;
import io.warmpath.agent.engine.EngineError;
import io.warmpath.agent.engine.EngineUsage;
import io.warmpath.agent.engine.GenerateBody;
import io.warmpath.agent.http.BodyCollector;
import io.warmpath.agent.http.EngineExchange;
import io.warmpath.agent.http.EngineFailure;
import io.warmpath.agent.http.EngineHttpClient;
import io.warmpath.agent.http.EngineRequest;
import io.warmpath.agent.http.MalformedStreamException;
import io.warmpath.agent.http.ResponseListener;
import io.warmpath.agent.http.SseParser;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.replica.QueuedRequest;
import io.warmpath.v1.Completed;
import io.warmpath.v1.Delta;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.Placement;
import io.warmpath.v1.Refused;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.Usage;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request at a replica, from its router's call to the end of the engine's stream. Confined to
 * the replica's event loop once it is made.
 *
 * <p>It is waiting, then at the engine, then ended; it ends exactly once, whoever ends it: the
 * engine's stream, a failure, the router's cancellation, or a drain.
 */
final class ReplicaCall implements ResponseListener, CompletionListener {

  private static final int MAX_EVENT_BYTES = 4 << 20;
  private static final int MAX_ERROR_BYTES = 64 << 10;
  private static final int HTTP_OK = 200;
  private static final Duration NO_LIMIT = Duration.ofDays(1);
  private static final double NANOS_PER_SECOND = 1e9;

  private final Replica replica;
  private final ReplicaGenerateRequest request;
  private final ServerCallStreamObserver<ReplicaGenerateResponse> out;
  private final Map<String, String> headers;
  private final QueuedRequest queued;
  private final PromptPrefix prefix;
  private final CompletionStream completion = new CompletionStream(this);
  private final SseParser events = new SseParser(MAX_EVENT_BYTES, completion::event);

  private @Nullable EngineExchange exchange;
  private @Nullable BodyCollector errorBody;
  private @Nullable EngineUsage usage;
  private int errorStatus;
  private double retryAfterSeconds;
  private boolean dispatched;
  private boolean ended;
  private long dispatchedNanos;
  private long firstOutputNanos;
  private PrefillTimes.@Nullable Observation prefill;
  private int completionTokens;

  /**
   * A call that nobody has admitted yet.
   *
   * @param request a request that {@link RequestChecks} found good
   * @param headers headers for the engine: request id, trace context
   */
  ReplicaCall(
      Replica replica,
      ReplicaGenerateRequest request,
      ServerCallStreamObserver<ReplicaGenerateResponse> out,
      Map<String, String> headers,
      int stepTokens,
      long arrivalNanos) {
    this.replica = replica;
    this.request = request;
    this.out = out;
    this.headers = headers;
    int promptTokens = RequestChecks.promptTokens(request);
    this.queued =
        new QueuedRequest(
            promptTokens,
            request.getExpectedCachedTokens(),
            request.getRequest().getPriority(),
            arrivalNanos);
    long[] steps = new long[request.getStepHashesCount()];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = request.getStepHashes(i);
    }
    this.prefix = new PromptPrefix(steps, stepTokens, promptTokens, request.getFamily());
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

  /** Whether its first output came, which tells that its prompt is computed. */
  boolean hasOutput() {
    return prefill != null;
  }

  /** The replica does not take it. */
  void refuse(Refused refused) {
    ended = true;
    out.onNext(ReplicaGenerateResponse.newBuilder().setRefused(refused).build());
    out.onCompleted();
  }

  /** The replica cannot serve it at all. */
  void reject(StatusRuntimeException status) {
    ended = true;
    out.onError(status);
  }

  /** The replica takes it; {@code pendingSeconds} of work are before it. */
  void accepted(double pendingSeconds) {
    Placement.Builder placement =
        Placement.newBuilder()
            .setReplicaId(replica.id())
            .setReason(request.getReason())
            .setExpectedCachedTokens(request.getExpectedCachedTokens())
            .setAttempts(1)
            .setFamily(request.getFamily())
            .setPendingWorkSeconds(pendingSeconds);
    send(ReplicaGenerateResponse.newBuilder().setPlacement(placement).build());
  }

  /** Its turn has come: it goes to the engine. */
  void dispatch(EngineHttpClient client, Duration idleTimeout, int enginePriority, long nowNanos) {
    dispatched = true;
    dispatchedNanos = nowNanos;
    replica.metrics().waited(nowNanos - queued.arrivalNanos());
    GenerateRequest body = request.getRequest();
    EngineRequest engineRequest =
        new EngineRequest(
            HttpMethod.POST,
            GenerateBody.path(body),
            headers,
            GenerateBody.write(ByteBufAllocator.DEFAULT, body, enginePriority),
            idleTimeout,
            NO_LIMIT);
    exchange = client.send(engineRequest, this);
  }

  /** The router does not want it any more. */
  void cancelled() {
    end(Outcome.CANCELLED);
  }

  /** The replica is leaving and does not wait for it any longer. */
  void drained() {
    fail(Outcome.DRAINED, StatusMapping.drained(replica.id()));
  }

  /** The router can take more. */
  void resume() {
    EngineExchange current = exchange;
    if (current != null && out.isReady()) {
      current.setReading(true);
    }
  }

  @Override
  public void onHead(int status, HttpHeaders responseHeaders) {
    if (ended) {
      return;
    }
    String type = responseHeaders.get(HttpHeaderNames.CONTENT_TYPE, "");
    if (status != HTTP_OK) {
      errorStatus = status;
      errorBody = new BodyCollector(MAX_ERROR_BYTES);
      retryAfterSeconds = seconds(responseHeaders.get(HttpHeaderNames.RETRY_AFTER, ""));
    } else if (!type.startsWith("text/event-stream")) {
      malformed("its content type is not text/event-stream");
    }
  }

  @Override
  public void onBody(ByteBuf piece) {
    BodyCollector error = errorBody;
    if (ended) {
      return;
    }
    if (error != null) {
      error.add(piece);
      return;
    }
    try {
      events.feed(piece);
    } catch (MalformedStreamException malformed) {
      malformed(malformed.problem());
    }
  }

  @Override
  public void onEnd() {
    BodyCollector error = errorBody;
    if (error != null) {
      onError(EngineError.parse(errorStatus, error.toBytes(), retryAfterSeconds));
    } else if (!ended) {
      malformed("it ends before its end mark");
    }
  }

  @Override
  public void onFailure(EngineFailure failure) {
    if (!ended) {
      replica.engineFailed();
      fail(Outcome.ENGINE_FAILED, StatusMapping.of(failure, replica.id()));
    }
  }

  @Override
  public void onDelta(Delta delta) {
    if (ended) {
      return;
    }
    if (prefill == null) {
      firstOutputNanos = replica.nanos();
      replica.metrics().firstToken(firstOutputNanos - queued.arrivalNanos());
      prefill = replica.prefilled(this, firstOutputNanos);
    }
    completionTokens += delta.getTokenCount();
    send(ReplicaGenerateResponse.newBuilder().setDelta(delta).build());
  }

  @Override
  public void onUsage(EngineUsage counts) {
    usage = counts;
  }

  @Override
  public void onError(EngineError error) {
    fail(
        error.httpStatus() < 500 ? Outcome.ENGINE_REFUSED : Outcome.ENGINE_FAILED,
        StatusMapping.of(error));
  }

  @Override
  public void onDone() {
    if (ended) {
      return;
    }
    Usage counted = countedUsage();
    replica.completed(this, counted);
    Completed.Builder completed = Completed.newBuilder().setUsage(counted);
    if (prefill != null) {
      completed.setTtftSeconds((firstOutputNanos - queued.arrivalNanos()) / NANOS_PER_SECOND);
    }
    send(ReplicaGenerateResponse.newBuilder().setCompleted(completed).build());
    // The exchange goes on to the end of the HTTP answer, so that its connection can be kept.
    EngineExchange current = exchange;
    exchange = null;
    if (current != null) {
      current.setReading(true);
    }
    end(Outcome.COMPLETED);
    out.onCompleted();
  }

  private Usage countedUsage() {
    EngineUsage said = usage;
    if (said == null) {
      return Usage.newBuilder()
          .setPromptTokens(queued.promptTokens())
          .setCachedTokens(request.getExpectedCachedTokens())
          .setCompletionTokens(completionTokens)
          .setCachedTokensEstimated(true)
          .build();
    }
    boolean estimated = said.cachedTokens() < 0;
    int cached = estimated ? request.getExpectedCachedTokens() : said.cachedTokens();
    return Usage.newBuilder()
        .setPromptTokens(said.promptTokens())
        .setCachedTokens(Math.min(cached, said.promptTokens()))
        .setCompletionTokens(said.completionTokens())
        .setCachedTokensEstimated(estimated)
        .build();
  }

  /** Prompt tokens that the engine computed for this call, -1 when it did not say. */
  private int computedTokens(Outcome outcome) {
    EngineUsage said = usage;
    return outcome == Outcome.COMPLETED && said != null && said.cachedTokens() >= 0
        ? Math.max(0, said.promptTokens() - said.cachedTokens())
        : -1;
  }

  private void malformed(String what) {
    replica.metrics().malformedStream();
    fail(Outcome.MALFORMED, StatusMapping.malformed(replica.id(), what));
  }

  private void fail(Outcome outcome, StatusRuntimeException status) {
    if (end(outcome)) {
      out.onError(status);
    }
  }

  /** Ends the call unless it has ended; an exchange that is under way is cut off. */
  private boolean end(Outcome outcome) {
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
      replica.learned(computed, computedTokens(outcome));
    }
    replica.ended(this, outcome);
    return true;
  }

  private void send(ReplicaGenerateResponse message) {
    out.onNext(message);
    EngineExchange current = exchange;
    if (current != null && !out.isReady()) {
      // No lost wake-up: the call's own ready signal is a later task of this event loop.
      current.setReading(false);
    }
  }

  private static double seconds(String retryAfter) {
    return retryAfter.matches("\\d{1,5}") ? Integer.parseInt(retryAfter) : 0;
  }
}
