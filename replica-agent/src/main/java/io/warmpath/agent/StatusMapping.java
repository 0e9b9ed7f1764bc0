package io.warmpath.agent;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.warmpath.agent.engine.EngineError;
import io.warmpath.agent.http.EngineFailure;
import java.util.Collection;

/** The only place where gRPC statuses are made. */
final class StatusMapping {

  private static final double NANOS_PER_SECOND = 1e9;

  private StatusMapping() {}

  static StatusRuntimeException badRequest(String sentence) {
    return Status.INVALID_ARGUMENT.withDescription(sentence).asRuntimeException();
  }

  static StatusRuntimeException unknownReplica(String id, Collection<String> known) {
    return Status.NOT_FOUND
        .withDescription(
            "replica_id is '%s'; this agent serves %s"
                .formatted(id, String.join(", ", known.stream().sorted().toList())))
        .asRuntimeException();
  }

  static StatusRuntimeException unknownModel(String field, String name, String replicaId) {
    return Status.NOT_FOUND
        .withDescription(
            "%s is '%s'; replica %s does not serve it".formatted(field, name, replicaId))
        .asRuntimeException();
  }

  /** The drain's time was up. */
  static StatusRuntimeException drained(String replicaId) {
    return Status.UNAVAILABLE
        .withDescription("replica " + replicaId + " is leaving and the request took too long")
        .asRuntimeException();
  }

  /** The engine went to sleep before it answered. */
  static StatusRuntimeException asleep(String replicaId) {
    return Status.UNAVAILABLE
        .withDescription("replica " + replicaId + ": the engine sleeps")
        .asRuntimeException();
  }

  /** The engine refused the request, or gave up on it. */
  static StatusRuntimeException of(EngineError error) {
    Status status =
        switch (error.httpStatus()) {
          case 400, 413, 422 -> Status.INVALID_ARGUMENT;
          case 404 -> Status.NOT_FOUND;
          case 429 -> Status.RESOURCE_EXHAUSTED;
          case 502, 503, 504 -> Status.UNAVAILABLE;
          default -> Status.INTERNAL;
        };
    if (error.retryAfterSeconds() <= 0) {
      return status.withDescription(error.message()).asRuntimeException();
    }
    long nanos = (long) (error.retryAfterSeconds() * NANOS_PER_SECOND);
    Duration delay =
        Duration.newBuilder()
            .setSeconds(nanos / 1_000_000_000)
            .setNanos((int) (nanos % 1_000_000_000))
            .build();
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(status.getCode().value())
            .setMessage(error.message())
            .addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(delay).build()))
            .build());
  }

  /** The exchange with the engine broke. */
  static StatusRuntimeException of(EngineFailure failure, String replicaId) {
    Status status =
        switch (failure.kind()) {
          case CONNECT, CLOSED, TIMEOUT -> Status.UNAVAILABLE;
          case NO_CONNECTION -> Status.RESOURCE_EXHAUSTED;
          case MALFORMED -> Status.INTERNAL;
        };
    return status
        .withDescription("replica %s: %s".formatted(replicaId, failure.message()))
        .asRuntimeException();
  }

  /** The engine's stream is not what it should be. */
  static StatusRuntimeException malformed(String replicaId, String what) {
    return Status.INTERNAL
        .withDescription(
            "replica %s: the engine's stream is malformed: %s".formatted(replicaId, what))
        .asRuntimeException();
  }
}
