package io.warmpath.router;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.v1.Completed;
import io.warmpath.v1.Placement;
import io.warmpath.v1.RefusalReason;
import io.warmpath.v1.Refused;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.Usage;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An agent's HTTP relay that answers as a script says, byte by byte. */
final class FakeRelay implements AutoCloseable {

  /** Writes the answer to one request; its socket stays open when it returns. */
  interface Script {
    void answer(Request request, OutputStream out) throws IOException;
  }

  /**
   * A request as the relay got it.
   *
   * @param line the request line
   * @param headers by lower-case name
   * @param envelope the router's part
   * @param body the client's body
   * @param socket the connection
   */
  record Request(
      String line,
      Map<String, String> headers,
      ReplicaGenerateRequest envelope,
      String body,
      Socket socket) {}

  private final String replicaId;
  private final ServerSocket listening;
  private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
  private final BlockingQueue<Socket> sockets = new LinkedBlockingQueue<>();
  private volatile Script script;

  private FakeRelay(String replicaId, Script script) throws IOException {
    this.replicaId = replicaId;
    this.script = script;
    this.listening = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  static FakeRelay start(String replicaId, Script script) throws IOException {
    return new FakeRelay(replicaId, script);
  }

  void script(Script next) {
    script = next;
  }

  ReplicaReport report() {
    ReplicaReport plain = FakeAgent.report(replicaId, "127.0.0.1:1", 1);
    return new ReplicaReport(
        new ReplicaReport.Identity(
            replicaId,
            "127.0.0.1:1",
            plain.identity().models(),
            Map.of("relay", "127.0.0.1:" + listening.getLocalPort()),
            1),
        plain.epoch(),
        plain.sequence(),
        plain.state(),
        plain.readySeconds(),
        plain.load(),
        plain.cache(),
        plain.prefill(),
        plain.families(),
        plain.anchors(),
        plain.totals());
  }

  Request nextRequest() throws InterruptedException {
    Request request = requests.poll(10, TimeUnit.SECONDS);
    if (request == null) {
      throw new AssertionError("no request came to " + replicaId);
    }
    return request;
  }

  int requestsWaiting() {
    return requests.size();
  }

  int connections() {
    return sockets.size();
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  // ---- scripts

  /** A whole answer with a length, its usage in the head. */
  static Script answers(int status, String type, String body) {
    return (request, out) -> {
      write(
          out,
          "HTTP/1.1 %d X\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s%s\r\n%s"
              .formatted(
                  status,
                  type,
                  body.getBytes(UTF_8).length,
                  answerHeader(0.25),
                  completedHeader(),
                  body));
    };
  }

  /** A stream of events, its usage in the trailers. */
  static Script streams(String... events) {
    return (request, out) -> {
      write(out, streamHead());
      for (String event : events) {
        write(out, chunk(event));
      }
      write(out, "0\r\n" + completedHeader() + "\r\n");
    };
  }

  static Script refuses(RefusalReason reason) {
    ReplicaGenerateResponse refused =
        ReplicaGenerateResponse.newBuilder()
            .setRefused(
                Refused.newBuilder()
                    .setReason(reason)
                    .setPendingWorkSeconds(2)
                    .setRetryAfterSeconds(1.5))
            .build();
    return (request, out) ->
        write(
            out,
            "HTTP/1.1 503 X\r\ncontent-length: 2\r\nx-warmpath-answer: "
                + base64(refused.toByteArray())
                + "\r\n\r\nno");
  }

  /** What an engine says that cannot serve; {@code headers} end with a line break each. */
  static Script fails(int status, String headers, String body) {
    return (request, out) ->
        write(
            out,
            "HTTP/1.1 %d X\r\ncontent-type: application/json\r\nx-warmpath-failed: 1\r\n"
                .concat("%scontent-length: %d\r\n\r\n%s")
                .formatted(status, headers, body.getBytes(UTF_8).length, body));
  }

  static String streamTail() {
    return "0\r\n" + completedHeader() + "\r\n";
  }

  static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  static String streamHead() {
    return "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
        + answerHeader(0.25)
        + "\r\n";
  }

  static String chunk(String data) {
    return Integer.toHexString(data.getBytes(UTF_8).length) + "\r\n" + data + "\r\n";
  }

  static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(UTF_8));
    out.flush();
  }

  private static String answerHeader(double pendingSeconds) {
    return "x-warmpath-answer: "
        + base64(
            ReplicaGenerateResponse.newBuilder()
                .setPlacement(Placement.newBuilder().setPendingWorkSeconds(pendingSeconds))
                .build()
                .toByteArray())
        + "\r\n";
  }

  private static String completedHeader() {
    return "x-warmpath-completed: "
        + base64(
            Completed.newBuilder()
                .setUsage(
                    Usage.newBuilder()
                        .setPromptTokens(300)
                        .setCachedTokens(128)
                        .setCompletionTokens(3))
                .build()
                .toByteArray())
        + "\r\n";
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  // ---- server

  private void accept() {
    try {
      while (true) {
        Socket socket = listening.accept();
        sockets.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException closed) {
      return;
    }
  }

  private void serve(Socket socket) {
    try {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      for (String line = line(in); !line.isEmpty(); line = line(in)) {
        Map<String, String> headers = new HashMap<>();
        for (@Var String header = line(in); !header.isEmpty(); header = line(in)) {
          int colon = header.indexOf(':');
          headers.put(
              header.substring(0, colon).toLowerCase(Locale.ROOT),
              header.substring(colon + 1).strip());
        }
        int envelopeBytes = Integer.parseInt(headers.get("x-warmpath-envelope"));
        byte[] envelope = in.readNBytes(envelopeBytes);
        byte[] body =
            in.readNBytes(Integer.parseInt(headers.get("content-length")) - envelopeBytes);
        Request request =
            new Request(
                line,
                headers,
                ReplicaGenerateRequest.parseFrom(envelope),
                new String(body, UTF_8),
                socket);
        requests.add(request);
        script.answer(request, socket.getOutputStream());
      }
    } catch (IOException gone) {
      return;
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
      if (next != '\r') {
        line.append((char) next);
      }
    }
    return line.toString();
  }
}
