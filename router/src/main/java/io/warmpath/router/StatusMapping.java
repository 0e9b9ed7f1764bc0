package io.warmpath.router;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;

/** The only place where gRPC statuses are made from failures, and agents' statuses are judged. */
final class StatusMapping {

  private static final Metadata.Key<com.google.rpc.Status> DETAILS =
      Metadata.Key.of(
          "grpc-status-details-bin",
          ProtoUtils.metadataMarshaller(com.google.rpc.Status.getDefaultInstance()));

  private StatusMapping() {}

  /** Who is to blame for a status that an agent's call ended with. */
  enum Blame {
    /** The request: another replica would say the same, so the client gets the status as it is. */
    REQUEST,
    /** The replica, its engine or the way to it: another replica may do better. */
    REPLICA,
  }

  /** Returns the status that a client gets for {@code failure}. */
  static Status status(RequestFailure failure) {
    Status status =
        switch (failure.kind()) {
          case BAD_REQUEST -> Status.INVALID_ARGUMENT;
          case UNKNOWN_MODEL -> Status.NOT_FOUND;
          case CONSTRAINTS_UNSATISFIABLE -> Status.FAILED_PRECONDITION;
          case OVERLOADED -> Status.RESOURCE_EXHAUSTED;
          case NO_READY_REPLICA, REPLICA_FAILED -> Status.UNAVAILABLE;
          case DEADLINE_EXCEEDED -> Status.DEADLINE_EXCEEDED;
          case CANCELLED -> Status.CANCELLED;
        };
    return status.withDescription(failure.message());
  }

  /** Returns the trailers that go with {@link #status}: a RetryInfo when a retry time is known. */
  static Metadata trailers(RequestFailure failure) {
    Metadata trailers = new Metadata();
    if (failure.retryAfterSeconds() > 0) {
      long nanos = (long) (failure.retryAfterSeconds() * 1e9);
      RetryInfo retry =
          RetryInfo.newBuilder()
              .setRetryDelay(
                  Duration.newBuilder()
                      .setSeconds(nanos / 1_000_000_000)
                      .setNanos((int) (nanos % 1_000_000_000)))
              .build();
      Status status = status(failure);
      trailers.put(
          DETAILS,
          com.google.rpc.Status.newBuilder()
              .setCode(status.getCode().value())
              .setMessage(failure.message())
              .addDetails(Any.pack(retry))
              .build());
    }
    return trailers;
  }

  /** Returns who is to blame when an agent ends a call with {@code status}. */
  static Blame blame(Status status) {
    return switch (status.getCode()) {
      case INVALID_ARGUMENT,
          ALREADY_EXISTS,
          PERMISSION_DENIED,
          FAILED_PRECONDITION,
          OUT_OF_RANGE,
          RESOURCE_EXHAUSTED,
          UNAUTHENTICATED ->
          Blame.REQUEST;
      case OK, CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, ABORTED, UNIMPLEMENTED, INTERNAL ->
          Blame.REPLICA;
      case UNAVAILABLE, DATA_LOSS -> Blame.REPLICA;
      // The agent lacks the replica or the model that this router was told of: the view is old.
      case NOT_FOUND -> Blame.REPLICA;
    };
  }

  /** Returns the trailers of an agent that a client may see: the status details, nothing else. */
  static Metadata passedOn(Metadata agentTrailers) {
    Metadata trailers = new Metadata();
    com.google.rpc.Status details = agentTrailers.get(DETAILS);
    if (details != null) {
      trailers.put(DETAILS, details);
    }
    return trailers;
  }

  /** Returns the retry delay in {@code trailers}, seconds, or 0 when there is none. */
  static double retryAfterSeconds(Status status, Metadata trailers) {
    com.google.rpc.Status details = StatusProto.fromStatusAndTrailers(status, trailers);
    for (Any detail : details.getDetailsList()) {
      if (detail.is(RetryInfo.class)) {
        return retryDelaySeconds(detail);
      }
    }
    return 0;
  }

  private static double retryDelaySeconds(Any detail) {
    try {
      Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
      return delay.getSeconds() + delay.getNanos() / 1e9;
    } catch (com.google.protobuf.InvalidProtocolBufferException malformed) {
      return 0;
    }
  }
}
