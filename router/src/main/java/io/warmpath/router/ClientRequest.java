package io.warmpath.router;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.warmpath.v1.GenerateRequest;
import java.io.ByteArrayInputStream;
import java.io.InputStream;

/**
 * A client's request, read once and kept as it came: the bytes go on to the agent, so that a prompt
 * of hundreds of kilobytes is never serialized again.
 *
 * @param bytes the message as received; handed over, not copied
 * @param message the same, parsed
 */
@SuppressWarnings("ArrayRecordComponent") // A record for its shape; never compared or hashed.
record ClientRequest(byte[] bytes, GenerateRequest message) {

  static final MethodDescriptor.Marshaller<ClientRequest> MARSHALLER = new RequestMarshaller();

  /** Parses {@code bytes}, of which it takes possession. */
  static ClientRequest parse(byte[] bytes) throws InvalidProtocolBufferException {
    return new ClientRequest(bytes, GenerateRequest.parseFrom(bytes));
  }

  private static final class RequestMarshaller
      implements MethodDescriptor.Marshaller<ClientRequest> {

    @Override
    public InputStream stream(ClientRequest value) {
      return new ByteArrayInputStream(value.bytes);
    }

    @Override
    public ClientRequest parse(InputStream stream) {
      try {
        return ClientRequest.parse(WireBytes.readAll(stream));
      } catch (InvalidProtocolBufferException malformed) {
        throw Status.INVALID_ARGUMENT
            .withDescription("the message is not a warmpath.v1.GenerateRequest")
            .asRuntimeException();
      }
    }
  }
}
