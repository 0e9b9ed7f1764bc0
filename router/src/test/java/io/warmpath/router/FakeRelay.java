package io.warmpath.router;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.warmpath.relay.RelayPipeline;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.v1.Completed;
import io.warmpath.v1.Placement;
import io.warmpath.v1.RefusalReason;
import io.warmpath.v1.Refused;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.Usage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An agent's HTTP relay that answers as a script says. A script writes HTTP/1.1, which is easy to
 * read; it goes to the router as a stream of HTTP/2.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what breaks, the test sees
final class FakeRelay implements AutoCloseable {

  /** Writes the answer to one request; its stream stays open when it returns. */
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
   * @param stream which the answer goes to
   */
  record Request(
      String line,
      Map<String, String> headers,
      ReplicaGenerateRequest envelope,
      String body,
      Channel stream) {

    /** Breaks the exchange off. */
    void cut() {
      stream.close().syncUninterruptibly();
    }

    /** Waits until the exchange is over. */
    void awaitEnd() {
      assertThat(stream.closeFuture().awaitUninterruptibly(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  private final String replicaId;
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel listening;
  private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
  private final AtomicInteger connections = new AtomicInteger();
  private volatile Script script;

  private FakeRelay(String replicaId, Script script) {
    this.replicaId = replicaId;
    this.script = script;
    this.listening =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    connections.incrementAndGet();
                    RelayPipeline.serve(channel, stream -> new Serving());
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
  }

  static FakeRelay start(String replicaId, Script script) {
    return new FakeRelay(replicaId, script);
  }

  void script(Script next) {
    script = next;
  }

  String address() {
    return "127.0.0.1:" + ((InetSocketAddress) listening.localAddress()).getPort();
  }

  ReplicaReport report() {
    ReplicaReport plain = FakeAgent.report(replicaId, "127.0.0.1:1", 1);
    return new ReplicaReport(
        new ReplicaReport.Identity(
            replicaId, "127.0.0.1:1", plain.identity().models(), Map.of("relay", address()), 1),
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
    return connections.get();
  }

  @Override
  public void close() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
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
    return "x-warmpath-answer: " + placement(pendingSeconds) + "\r\n";
  }

  /** The value of the header with which an agent takes a request. */
  static String placement(double pendingSeconds) {
    return base64(
        ReplicaGenerateResponse.newBuilder()
            .setPlacement(Placement.newBuilder().setPendingWorkSeconds(pendingSeconds))
            .build()
            .toByteArray());
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

  /** Collects one request and runs the script. */
  private final class Serving extends SimpleChannelInboundHandler<HttpObject> {

    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private HttpRequest head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject part) {
      if (part instanceof HttpRequest request) {
        head = request;
      }
      if (part instanceof HttpContent content) {
        received.writeBytes(ByteBufUtil.getBytes(content.content()));
      }
      if (part instanceof LastHttpContent) {
        Channel stream = context.channel();
        Thread.ofVirtual().start(() -> answer(stream));
      }
    }

    private void answer(Channel stream) {
      try {
        Request request = request(stream);
        requests.add(request);
        script.answer(request, new AnswerStream(stream));
      } catch (IOException gone) {
        stream.close();
      }
    }

    private Request request(Channel stream) throws IOException {
      Map<String, String> headers = new HashMap<>();
      head.headers()
          .forEach(
              header -> headers.put(header.getKey().toLowerCase(Locale.ROOT), header.getValue()));
      byte[] bytes = received.toByteArray();
      int envelopeBytes = Integer.parseInt(headers.get("x-warmpath-envelope"));
      return new Request(
          head.method() + " " + head.uri() + " HTTP/1.1",
          headers,
          ReplicaGenerateRequest.parseFrom(Arrays.copyOf(bytes, envelopeBytes)),
          new String(bytes, envelopeBytes, bytes.length - envelopeBytes, UTF_8),
          stream);
    }
  }

  /** Takes HTTP/1.1 and sends what it means; a write lasts until the router has room for it. */
  private static final class AnswerStream extends OutputStream {

    private final Channel stream;
    private final EmbeddedChannel decoder = new EmbeddedChannel(new HttpResponseDecoder());
    private boolean interim;

    AnswerStream(Channel stream) {
      this.stream = stream;
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      decoder.writeInbound(Unpooled.copiedBuffer(bytes, from, length));
      for (HttpObject part = decoder.readInbound(); part != null; part = decoder.readInbound()) {
        send(part);
      }
    }

    private void send(HttpObject part) throws IOException {
      if (part instanceof HttpResponse response
          && response.status().codeClass() == HttpStatusClass.INFORMATIONAL) {
        interim = true;
        FullHttpResponse whole =
            new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, response.status(), Unpooled.EMPTY_BUFFER);
        whole.headers().set(response.headers());
        flush(whole);
      } else if (interim && part instanceof LastHttpContent) {
        interim = false;
      } else {
        flush(part);
      }
    }

    private void flush(HttpObject part) throws IOException {
      ChannelFuture written = stream.writeAndFlush(part).awaitUninterruptibly();
      if (!written.isSuccess()) {
        throw new IOException("the router left", written.cause());
      }
    }
  }
}
