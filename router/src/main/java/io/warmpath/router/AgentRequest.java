package io.warmpath.router;

import com.google.protobuf.CodedOutputStream;
import io.grpc.MethodDescriptor;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.ReplicaGenerateRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * What a router sends to an agent: its own fields, and the client's request byte for byte.
 *
 * @param envelope every field of the message but {@code request}
 * @param request the client's request as it came
 * @param amendment what the router adds to the client's request, usually nothing
 */
@SuppressWarnings("ArrayRecordComponent") // A record for its shape; never compared or hashed.
record AgentRequest(ReplicaGenerateRequest envelope, byte[] request, GenerateRequest amendment) {

  /*
   * On the wire a message is the concatenation of its fields in any order, and two concatenated
   * messages are their merge. So the envelope and the client's bytes are written one after the
   * other, and what the router adds to the client's request is written behind it.
   */

  static final MethodDescriptor.Marshaller<AgentRequest> MARSHALLER = new RequestMarshaller();

  private static final class RequestMarshaller
      implements MethodDescriptor.Marshaller<AgentRequest> {

    @Override
    public InputStream stream(AgentRequest value) {
      byte[] amendment = value.amendment.toByteArray();
      return WireBytes.toSend(
          value.envelope.toByteArray(),
          requestHeader(value.request.length + amendment.length),
          value.request,
          amendment);
    }

    @Override
    public AgentRequest parse(InputStream stream) {
      throw new UnsupportedOperationException("a router does not receive this message");
    }

    private static byte[] requestHeader(int length) {
      try {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(8);
        CodedOutputStream out = CodedOutputStream.newInstance(bytes, 8);
        out.writeTag(
            ReplicaGenerateRequest.REQUEST_FIELD_NUMBER,
            com.google.protobuf.WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt32NoTag(length);
        out.flush();
        return bytes.toByteArray();
      } catch (IOException impossible) {
        throw new UncheckedIOException(impossible);
      }
    }
  }
}
