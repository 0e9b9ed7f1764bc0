package io.warmpath.agent;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.warmpath.v1.DrainRequest;
import io.warmpath.v1.DrainResponse;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.ReplicaServiceGrpc;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC service of all replicas of an agent. Calls come on the event loops of the routers'
 * connections, and go on to the loop of the replica that they name.
 */
final class ReplicaEndpoint extends ReplicaServiceGrpc.ReplicaServiceImplBase {

  private static final double NANOS_PER_SECOND = 1e9;
  private static final double MAX_DRAIN_SECONDS = 3600;

  private final Replicas replicas;
  private final Drains drains;

  /** Drains replicas; whoever owns them knows what else that means. */
  interface Drains {
    /** Drains {@code replicas}; {@code timeout} null takes the agent's default. */
    void drain(
        Collection<Replica> replicas, @Nullable Duration timeout, DrainState.Listener whenDone);
  }

  ReplicaEndpoint(Replicas replicas, Drains drains) {
    this.replicas = replicas;
    this.drains = drains;
  }

  @Override
  public void generate(
      ReplicaGenerateRequest request, StreamObserver<ReplicaGenerateResponse> responses) {
    Replica replica = replicas.find(request.getReplicaId());
    if (replica == null) {
      responses.onError(StatusMapping.unknownReplica(request.getReplicaId(), replicas.ids()));
      return;
    }
    String problem = RequestChecks.problem(request, replica.stepTokens());
    if (problem != null) {
      responses.onError(StatusMapping.badRequest(problem));
      return;
    }
    ServerCallStreamObserver<ReplicaGenerateResponse> out =
        (ServerCallStreamObserver<ReplicaGenerateResponse>) responses;
    ReplicaCall call = new GenerateCall(replica, request, out, headers(request));
    out.setOnCancelHandler(() -> replica.loop().execute(call::cancelled));
    out.setOnReadyHandler(() -> replica.loop().execute(call::resume));
    replica.loop().execute(() -> replica.admit(call));
  }

  @Override
  public void drain(DrainRequest request, StreamObserver<DrainResponse> responses) {
    double seconds = request.getTimeoutSeconds();
    if (!(seconds >= 0 && seconds <= MAX_DRAIN_SECONDS)) {
      responses.onError(
          StatusMapping.badRequest(
              "timeout_seconds is %s; allowed are 0 to %.0f"
                  .formatted(seconds, MAX_DRAIN_SECONDS)));
      return;
    }
    Replica named = replicas.find(request.getReplicaId());
    if (named == null && !request.getReplicaId().isEmpty()) {
      responses.onError(StatusMapping.unknownReplica(request.getReplicaId(), replicas.ids()));
      return;
    }
    drains.drain(
        request.getReplicaId().isEmpty() || named == null ? replicas.all() : List.of(named),
        seconds == 0 ? null : Duration.ofNanos((long) (seconds * NANOS_PER_SECOND)),
        (completed, cancelled) -> {
          responses.onNext(
              DrainResponse.newBuilder()
                  .setCompletedRequests(completed)
                  .setCancelledRequests(cancelled)
                  .build());
          responses.onCompleted();
        });
  }

  private static HttpHeaders headers(ReplicaGenerateRequest request) {
    HttpHeaders headers = new DefaultHttpHeaders();
    headers.set("content-type", "application/json");
    headers.set("accept", "text/event-stream");
    if (!request.getRequest().getRequestId().isEmpty()) {
      headers.set("x-request-id", request.getRequest().getRequestId());
    }
    String trace = TraceContext.current();
    if (trace != null) {
      headers.set("traceparent", trace);
    }
    return headers;
  }
}
