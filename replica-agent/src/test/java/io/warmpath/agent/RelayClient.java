package io.warmpath.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.Var;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.v1.Completed;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** A router's connection to an agent's relay port, byte by byte. */
final class RelayClient implements AutoCloseable {

  private static final int TIMEOUT_MILLIS = 20_000;

  private final Socket socket;
  private final InputStream in;

  RelayClient(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /** A response's head. */
  record Head(int status, Map<String, String> headers) {

    ReplicaGenerateResponse answer() throws IOException {
      return ReplicaGenerateResponse.parseFrom(
          Base64.getDecoder().decode(headers.getOrDefault(RelayProtocol.ANSWER, "")));
    }
  }

  /** A response. */
  record Response(Head head, String body, Map<String, String> trailers) {

    /** What the agent says of the tokens, in head or trailers. */
    Completed completed() throws IOException {
      String encoded =
          trailers.getOrDefault(
              RelayProtocol.COMPLETED, head.headers().getOrDefault(RelayProtocol.COMPLETED, ""));
      return Completed.parseFrom(Base64.getDecoder().decode(encoded));
    }
  }

  /** Sends a POST of {@code body} behind {@code envelope}. */
  void post(String path, ReplicaGenerateRequest envelope, String body) throws IOException {
    post(path, envelope, body, "");
  }

  void post(String path, ReplicaGenerateRequest envelope, String body, String headers)
      throws IOException {
    byte[] front = envelope.toByteArray();
    byte[] back = body.getBytes(UTF_8);
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    String head =
        "POST %s HTTP/1.1\r\nhost: x\r\n%s: %d\r\n%scontent-length: %d\r\n\r\n"
            .formatted(
                path, RelayProtocol.ENVELOPE, front.length, headers, front.length + back.length);
    message.writeBytes(head.getBytes(UTF_8));
    message.writeBytes(front);
    message.writeBytes(back);
    send(message.toByteArray());
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
  }

  /** Reads the next head, interim ones included. */
  Head head() throws IOException {
    String[] first = line().split(" ", 3);
    return new Head(Integer.parseInt(first[1]), headers());
  }

  /** Reads the next response that is not interim, whole. */
  Response response() throws IOException {
    @Var Head head = head();
    while (head.status() < 200) {
      head = head();
    }
    if (!head.headers().containsKey("transfer-encoding")) {
      int length = Integer.parseInt(head.headers().getOrDefault("content-length", "0"));
      return new Response(head, new String(in.readNBytes(length), UTF_8), Map.of());
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] chunk = chunk(); chunk.length > 0; chunk = chunk()) {
      body.writeBytes(chunk);
    }
    return new Response(head, body.toString(UTF_8), headers());
  }

  /** Reads one chunk of a body, empty at its end. */
  byte[] chunk() throws IOException {
    int length = Integer.parseInt(line(), 16);
    byte[] chunk = in.readNBytes(length);
    if (length > 0) {
      line();
    }
    return chunk;
  }

  /** Whether the agent closed the connection; waits for it. */
  boolean closed() throws IOException {
    try {
      return in.read() < 0;
    } catch (java.net.SocketException reset) {
      return true;
    }
  }

  private Map<String, String> headers() throws IOException {
    Map<String, String> headers = new HashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return headers;
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("the agent closed the connection");
      }
      if (c != '\r') {
        line.write(c);
      }
    }
    return line.toString(UTF_8);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
