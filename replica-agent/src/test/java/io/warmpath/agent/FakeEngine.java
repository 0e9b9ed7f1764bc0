package io.warmpath.agent;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP server whose every answer a test decides, down to the bytes: it can hang, lie, break off
 * and die. One virtual thread a connection.
 */
public final class FakeEngine implements AutoCloseable {

  static final String METRICS =
      """
      # HELP vllm:num_requests_running Requests in the batch.
      vllm:num_requests_running{engine="0",model_name="m"} 0.0
      vllm:num_requests_waiting{engine="0",model_name="m"} 0.0
      vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
      vllm:prompt_tokens_total{engine="0",model_name="m"} 1000.0
      vllm:generation_tokens_total{engine="0",model_name="m"} 10.0
      vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="1000"} 1.0
      """;
  static final String MODELS =
      """
      {"object":"list","data":[{"id":"m","max_model_len":4096,"parent":null},\
      {"id":"adapter","parent":"m"}]}\
      """;

  private final Map<String, Handler> handlers = new ConcurrentHashMap<>();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final BlockingQueue<Request> generateRequests = new LinkedBlockingQueue<>();
  private volatile ServerSocket listener = bound(0);

  /** Answers requests of one path. */
  public interface Handler {
    void handle(Request request, Reply reply) throws IOException;
  }

  /** A request as it came. */
  public record Request(String method, String path, Map<String, String> headers, String body) {}

  /** Starts an engine that is ready, serves model {@code m}, and completes with two tokens. */
  public static FakeEngine start() {
    FakeEngine engine = new FakeEngine();
    engine.on("/health", (request, reply) -> reply.page(200, "text/plain", ""));
    engine.on("/v1/models", (request, reply) -> reply.page(200, "application/json", MODELS));
    engine.on("/metrics", (request, reply) -> reply.page(200, "text/plain", METRICS));
    Handler complete =
        (request, reply) -> {
          reply.beginStream();
          reply.event(chunk("Hello", 1));
          reply.event(chunk(" world", 2));
          reply.event(usage(2000, 2, 1984));
          reply.event("[DONE]");
          reply.endStream();
        };
    engine.on("/v1/completions", complete);
    engine.acceptOn(engine.listener);
    return engine;
  }

  static String chunk(String text, int completionTokens) {
    return """
    {"id":"cmpl-1","object":"text_completion","choices":[{"index":0,"text":"%s",\
    "logprobs":null,"finish_reason":null}],"usage":{"prompt_tokens":2000,\
    "completion_tokens":%d,"total_tokens":2001}}\
    """
        .formatted(text, completionTokens);
  }

  static String usage(int prompt, int completion, int cached) {
    return """
    {"choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":%d,\
    "prompt_tokens_details":{"cached_tokens":%d}}}\
    """
        .formatted(prompt, completion, cached);
  }

  public void on(String path, Handler handler) {
    handlers.put(path, handler);
  }

  public int port() {
    return listener.getLocalPort();
  }

  public String url() {
    return "http://127.0.0.1:" + port();
  }

  /** Requests for completions, in the order in which they came. */
  BlockingQueue<Request> generateRequests() {
    return generateRequests;
  }

  /** Connections that are open. */
  int connections() {
    return sockets.size();
  }

  /** Dies: nobody listens, and every connection is cut. */
  void kill() {
    close();
  }

  /** Comes back at the same port. */
  void restart() {
    listener = bound(port());
    acceptOn(listener);
  }

  @Override
  public void close() {
    try {
      listener.close();
      for (Socket socket : sockets) {
        socket.setSoLinger(true, 0);
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void acceptOn(ServerSocket socket) {
    Thread.ofVirtual().start(() -> accept(socket));
  }

  private static ServerSocket bound(int port) {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept(ServerSocket from) {
    try {
      while (true) {
        Socket socket = from.accept();
        socket.setTcpNoDelay(true);
        sockets.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException closed) {
      // The engine died.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      for (Request request = read(in); request != null; request = read(in)) {
        if (request.method().equals("POST")) {
          generateRequests.add(request);
        }
        Reply reply = new Reply(socket);
        Handler handler = handlers.get(request.path());
        if (handler == null) {
          reply.page(404, "application/json", "{\"detail\":\"Not Found\"}");
        } else {
          handler.handle(request, reply);
        }
      }
    } catch (IOException broken) {
      // The client left, or the engine died.
    } finally {
      sockets.remove(socket);
    }
  }

  private static @Nullable Request read(InputStream in) throws IOException {
    String first = line(in);
    if (first.isEmpty()) {
      return null;
    }
    Map<String, String> headers = new HashMap<>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
    String[] parts = first.split(" ", 3);
    return new Request(parts[0], parts[1], headers, body);
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (c != '\r') {
        line.write(c);
      }
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  /** Writes one answer. */
  public static final class Reply {
    private final Socket socket;
    private final OutputStream out;

    private Reply(Socket socket) throws IOException {
      this.socket = socket;
      this.out = socket.getOutputStream();
    }

    void page(int status, String type, String body) throws IOException {
      page(status, type, body.getBytes(StandardCharsets.UTF_8));
    }

    void page(int status, String type, byte[] bytes) throws IOException {
      raw(
          "HTTP/1.1 %d Status\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n"
              .formatted(status, type, bytes.length));
      out.write(bytes);
      out.flush();
    }

    void beginStream() throws IOException {
      raw(
          """
          HTTP/1.1 200 OK\r
          content-type: text/event-stream; charset=utf-8\r
          transfer-encoding: chunked\r
          \r
          """);
    }

    void event(String data) throws IOException {
      piece("data: " + data + "\n\n");
    }

    void piece(String text) throws IOException {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      raw(Integer.toHexString(bytes.length) + "\r\n" + text + "\r\n");
    }

    /** A chunk of whatever bytes. */
    void piece(byte[] bytes) throws IOException {
      raw(Integer.toHexString(bytes.length) + "\r\n");
      out.write(bytes);
      raw("\r\n");
    }

    void endStream() throws IOException {
      raw("0\r\n\r\n");
    }

    void raw(String text) throws IOException {
      out.write(text.getBytes(StandardCharsets.UTF_8));
      out.flush();
    }

    /** Returns once the client has closed the connection. */
    void awaitClientLeaving() throws IOException {
      try {
        if (socket.getInputStream().read() >= 0) {
          throw new IOException("the client sent more");
        }
      } catch (SocketException reset) {
        // It left before it had read all that was sent.
      }
    }

    void close() throws IOException {
      socket.close();
    }
  }
}
