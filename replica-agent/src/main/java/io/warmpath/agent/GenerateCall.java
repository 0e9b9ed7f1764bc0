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
import io.warmpath.agent.http.EngineRequest;
import io.warmpath.agent.http.MalformedStreamException;
import io.warmpath.agent.http.SseParser;
import io.warmpath.routing.ReplicaReport.ServedModel;
import io.warmpath.v1.Delta;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.Placement;
import io.warmpath.v1.Refused;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A call over gRPC: the engine's stream is read and goes on as messages. */
final class GenerateCall extends ReplicaCall implements CompletionListener {

  private static final int MAX_EVENT_BYTES = 4 << 20;
  private static final int MAX_ERROR_BYTES = 64 << 10;
  private static final int HTTP_OK = 200;

  private final ServerCallStreamObserver<ReplicaGenerateResponse> out;
  private final HttpHeaders headers;
  private final CompletionStream completion = new CompletionStream(this);
  private final SseParser events = new SseParser(MAX_EVENT_BYTES, completion::event);

  private @Nullable BodyCollector errorBody;
  private @Nullable EngineUsage usage;
  private int errorStatus;
  private double retryAfterSeconds;
  private int completionTokens;

  /**
   * A call that nobody has admitted yet.
   *
   * @param request a request that {@link RequestChecks} found good
   * @param headers headers for the engine: request id, trace context
   */
  GenerateCall(
      Replica replica,
      ReplicaGenerateRequest request,
      ServerCallStreamObserver<ReplicaGenerateResponse> out,
      HttpHeaders headers) {
    super(replica, request);
    this.out = out;
    this.headers = headers;
  }

  @Override
  @Nullable StatusRuntimeException modelProblem(List<ServedModel> models) {
    String name = request().getRequest().getModel();
    String adapter = request().getRequest().getLoraAdapter();
    List<ServedModel> named = models.stream().filter(model -> model.name().equals(name)).toList();
    if (named.isEmpty()) {
      return StatusMapping.unknownModel("model", name, replica().id());
    }
    if (!adapter.isEmpty()
        && named.stream().noneMatch(model -> model.loraAdapters().contains(adapter))) {
      return StatusMapping.unknownModel("lora_adapter", adapter, replica().id());
    }
    return null;
  }

  @Override
  void sendPlacement(Placement placement) {
    send(ReplicaGenerateResponse.newBuilder().setPlacement(placement).build());
  }

  @Override
  void sendRefusal(Refused refused) {
    out.onNext(ReplicaGenerateResponse.newBuilder().setRefused(refused).build());
    out.onCompleted();
  }

  @Override
  void sendFailure(StatusRuntimeException status) {
    out.onError(status);
  }

  @Override
  EngineRequest engineRequest(int enginePriority, Duration idleTimeout) {
    GenerateRequest body = request().getRequest();
    return new EngineRequest(
        HttpMethod.POST,
        GenerateBody.path(body),
        headers,
        GenerateBody.write(ByteBufAllocator.DEFAULT, body, enginePriority),
        idleTimeout,
        NO_LIMIT);
  }

  @Override
  boolean isReady() {
    return out.isReady();
  }

  @Override
  public void onHead(int status, HttpHeaders responseHeaders) {
    if (isEnded()) {
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
    if (isEnded()) {
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
    } else if (!isEnded()) {
      malformed("it ends before its end mark");
    }
  }

  @Override
  public void onDelta(Delta delta) {
    if (isEnded()) {
      return;
    }
    firstOutput();
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
    if (isEnded()) {
      return;
    }
    send(ReplicaGenerateResponse.newBuilder().setCompleted(count(usage, completionTokens)).build());
    succeed(usage);
    out.onCompleted();
  }

  private void send(ReplicaGenerateResponse message) {
    out.onNext(message);
    holdBackIfFull();
  }

  private static double seconds(String retryAfter) {
    return retryAfter.matches("\\d{1,5}") ? Integer.parseInt(retryAfter) : 0;
  }
}
