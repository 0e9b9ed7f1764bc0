package io.warmpath.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.Var;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.warmpath.relay.RelayPipeline;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.v1.Completed;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A router's connection to an agent's relay port; reads only what is asked for. */
@SuppressWarnings("FutureReturnValueIgnored") // what breaks, the test sees
final class RelayClient implements AutoCloseable {

  private static final int LIMIT_SECONDS = 20;

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel connection;
  private @Nullable Exchange exchange;

  RelayClient(int port) {
    connection =
        new Bootstrap()
            .group(loops)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    RelayPipeline.call(channel);
                  }
                })
            .connect(InetAddress.getLoopbackAddress(), port)
            .syncUninterruptibly()
            .channel();
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
  void post(String path, ReplicaGenerateRequest envelope, String body) {
    post(path, envelope, body, Map.of());
  }

  void post(
      String path, ReplicaGenerateRequest envelope, String body, Map<String, String> headers) {
    byte[] front = envelope.toByteArray();
    byte[] back = body.getBytes(UTF_8);
    FullHttpRequest request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1, HttpMethod.POST, path, Unpooled.wrappedBuffer(front, back));
    request.headers().set(RelayProtocol.ENVELOPE, front.length);
    request.headers().set("content-length", front.length + back.length);
    headers.forEach(request.headers()::set);
    send(request);
  }

  /** Sends any request, on a stream of its own, which the next reads are from. */
  void send(HttpObject request) {
    Http2StreamChannel stream =
        new Http2StreamChannelBootstrap(connection).open().syncUninterruptibly().getNow();
    Exchange begun = new Exchange(stream);
    exchange = begun;
    stream.config().setAutoRead(false);
    RelayPipeline.callStream(stream, begun);
    stream.writeAndFlush(request);
  }

  /** Reads the next head, interim ones included. */
  Head head() throws IOException {
    HttpResponse response = (HttpResponse) current().next();
    return new Head(response.status().code(), map(response.headers()));
  }

  /** Reads the next response that is not interim, whole. */
  Response response() throws IOException {
    @Var Head head = head();
    while (head.status() < 200) {
      head = head();
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      Piece piece = (Piece) current().next();
      body.writeBytes(piece.bytes);
      if (piece.trailers != null) {
        return new Response(head, body.toString(UTF_8), piece.trailers);
      }
    }
  }

  /** Reads some of a body, nothing at its end. */
  byte[] chunk() throws IOException {
    @Var Piece piece = (Piece) current().next();
    while (piece.bytes.length == 0 && piece.trailers == null) {
      piece = (Piece) current().next();
    }
    return piece.bytes;
  }

  /** Whether the agent broke the exchange off; waits for it. */
  boolean closed() {
    return current().stream.closeFuture().awaitUninterruptibly(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private Exchange current() {
    return Objects.requireNonNull(exchange, "nothing was sent");
  }

  private static Map<String, String> map(HttpHeaders from) {
    Map<String, String> headers = new HashMap<>();
    from.forEach(
        header -> headers.put(header.getKey().toLowerCase(Locale.ROOT), header.getValue()));
    return headers;
  }

  /** Some of a body; with trailers, if only empty ones, its end. */
  @SuppressWarnings("ArrayRecordComponent") // A record for its shape; never compared or hashed.
  private record Piece(byte[] bytes, @Nullable Map<String, String> trailers) {}

  /** One exchange: what has come of its answer. */
  private static final class Exchange extends SimpleChannelInboundHandler<HttpObject> {

    private static final String END = "end";

    private final BlockingQueue<Object> come = new LinkedBlockingQueue<>();
    private final Channel stream;

    Exchange(Channel stream) {
      this.stream = stream;
    }

    Object next() throws IOException {
      if (come.isEmpty()) {
        stream.read();
      }
      try {
        Object next = come.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (next == null || next.equals(END)) {
          throw new EOFException("the agent broke off, or said no more");
        }
        return next;
      } catch (InterruptedException stop) {
        throw new InterruptedIOException();
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject part) {
      if (part instanceof HttpResponse response) {
        come.add(part);
        if (response.status().codeClass() == HttpStatusClass.INFORMATIONAL) {
          return;
        }
      }
      if (part instanceof HttpContent content) {
        come.add(
            new Piece(
                ByteBufUtil.getBytes(content.content()),
                part instanceof LastHttpContent last ? map(last.trailingHeaders()) : null));
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      come.add(END);
    }
  }
}
