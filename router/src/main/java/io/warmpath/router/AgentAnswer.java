package io.warmpath.router;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.ReplicaGenerateResponse;
import java.io.InputStream;

/**
 * One message of an agent's answer, and of the router's: both have the same fields but {@code
 * refused}, so a delta goes through unread. Only the kind is looked at.
 */
final class AgentAnswer {

  /** Kinds of message. */
  enum Kind {
    PLACEMENT,
    DELTA,
    COMPLETED,
    REFUSED,
    /** Something of a later version; passed on. */
    OTHER,
  }

  static final MethodDescriptor.Marshaller<AgentAnswer> MARSHALLER = new AnswerMarshaller();

  private static final int FIELD_SHIFT = 3;

  private final byte[] bytes;

  AgentAnswer(byte[] bytes) {
    this.bytes = bytes;
  }

  static AgentAnswer of(GenerateResponse response) {
    return new AgentAnswer(response.toByteArray());
  }

  /** The kind, from the number of the message's only field. */
  Kind kind() {
    if (bytes.length == 0) {
      return Kind.OTHER;
    }
    return switch (bytes[0] >>> FIELD_SHIFT) {
      case ReplicaGenerateResponse.PLACEMENT_FIELD_NUMBER -> Kind.PLACEMENT;
      case ReplicaGenerateResponse.DELTA_FIELD_NUMBER -> Kind.DELTA;
      case ReplicaGenerateResponse.COMPLETED_FIELD_NUMBER -> Kind.COMPLETED;
      case ReplicaGenerateResponse.REFUSED_FIELD_NUMBER -> Kind.REFUSED;
      default -> Kind.OTHER;
    };
  }

  /** Parses the message. */
  ReplicaGenerateResponse parse() {
    try {
      return ReplicaGenerateResponse.parseFrom(bytes);
    } catch (InvalidProtocolBufferException malformed) {
      throw Status.INTERNAL
          .withDescription("the agent's message is malformed")
          .withCause(malformed)
          .asRuntimeException();
    }
  }

  private static final class AnswerMarshaller implements MethodDescriptor.Marshaller<AgentAnswer> {

    @Override
    public InputStream stream(AgentAnswer value) {
      return WireBytes.toSend(value.bytes);
    }

    @Override
    public AgentAnswer parse(InputStream stream) {
      return new AgentAnswer(WireBytes.readAll(stream));
    }
  }
}
