package io.warmpath.bench.door;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Engines that answer with as many chunks as {@code max_tokens} says: all at once, or one each
 * {@code metadata.pace_ms}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // A write that fails closes the connection.
final class EchoEngines implements AutoCloseable {

  static final String MODEL = "echo";

  private static final int MAX_BODY_BYTES = 8 << 20;
  private static final Pattern MAX_TOKENS = Pattern.compile("\"max_tokens\": ?(\\d+)");
  private static final Pattern PACE = Pattern.compile("\"pace_ms\": ?\"(\\d+)\"");

  /** Where the two are looked for, bytes. */
  private static final int HEAD_BYTES = 256;

  private static final String METRICS =
      """
      vllm:num_requests_running{model_name="echo"} 0.0
      vllm:num_requests_waiting{model_name="echo"} 0.0
      vllm:kv_cache_usage_perc{model_name="echo"} 0.0
      vllm:cache_config_info{block_size="16",num_gpu_blocks="100000"} 1.0
      """;

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final List<Channel> channels = new ArrayList<>();

  /** Starts {@code count} engines on free ports. */
  static EchoEngines start(int count) throws InterruptedException {
    EchoEngines engines = new EchoEngines();
    for (int i = 0; i < count; i++) {
      engines.channels.add(engines.listen());
    }
    return engines;
  }

  private Channel listen() throws InterruptedException {
    return new ServerBootstrap()
        .group(loops)
        .channel(NioServerSocketChannel.class)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(
                        new HttpServerCodec(),
                        new HttpObjectAggregator(MAX_BODY_BYTES),
                        new Answers());
              }
            })
        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .sync()
        .channel();
  }

  /** Their base URLs. */
  List<String> urls() {
    return channels.stream()
        .map(channel -> (InetSocketAddress) channel.localAddress())
        .map(address -> "http://127.0.0.1:" + address.getPort())
        .toList();
  }

  @Override
  public void close() {
    loops.shutdownGracefully().syncUninterruptibly();
  }

  private static final class Answers extends SimpleChannelInboundHandler<FullHttpRequest> {

    private static final ByteBuf CHUNK =
        bytes(
            "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"model\":\"echo\","
                + "\"choices\":[{\"index\":0,\"text\":\" fox\",\"finish_reason\":null}]}\n\n");
    private static final ByteBuf END =
        bytes(
            "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"model\":\"echo\","
                + "\"choices\":[],\"usage\":{\"prompt_tokens\":200,\"completion_tokens\":2,"
                + "\"total_tokens\":202}}\n\ndata: [DONE]\n\n");

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      if (request.method().equals(HttpMethod.POST)) {
        stream(context, request.content());
        return;
      }
      switch (request.uri()) {
        case "/v1/models" ->
            page(
                context,
                "application/json",
                "{\"object\":\"list\",\"data\":[{\"id\":\"echo\",\"object\":\"model\","
                    + "\"max_model_len\":200000}]}");
        case "/metrics" -> page(context, "text/plain", METRICS);
        default -> page(context, "application/json", "{}");
      }
    }

    private static void stream(ChannelHandlerContext context, ByteBuf body) {
      String head =
          body.toString(
              body.readerIndex(),
              Math.min(body.readableBytes(), HEAD_BYTES),
              StandardCharsets.UTF_8);
      Matcher asked = MAX_TOKENS.matcher(head);
      int chunks = asked.find() ? Integer.parseInt(asked.group(1)) : 2;
      HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
      response
          .headers()
          .set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8")
          .set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
      context.write(response, context.voidPromise());
      Matcher paced = PACE.matcher(head);
      if (paced.find()) {
        decode(context, chunks, Long.parseLong(paced.group(1)));
        return;
      }
      for (int i = 0; i < chunks; i++) {
        // Each leaves by itself, as an engine decodes them.
        context.writeAndFlush(new DefaultHttpContent(CHUNK.duplicate()), context.voidPromise());
      }
      end(context);
    }

    private static void decode(ChannelHandlerContext context, int left, long paceMillis) {
      if (!context.channel().isActive()) {
        return;
      }
      if (left == 0) {
        end(context);
        return;
      }
      context.writeAndFlush(new DefaultHttpContent(CHUNK.duplicate()), context.voidPromise());
      context
          .executor()
          .schedule(() -> decode(context, left - 1, paceMillis), paceMillis, TimeUnit.MILLISECONDS);
    }

    private static void end(ChannelHandlerContext context) {
      context.write(new DefaultHttpContent(END.duplicate()), context.voidPromise());
      context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT, context.voidPromise());
    }

    private static void page(ChannelHandlerContext context, String type, String text) {
      ByteBuf body = bytes(text);
      HttpResponse response =
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, body);
      response
          .headers()
          .set(HttpHeaderNames.CONTENT_TYPE, type)
          .set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
      context.writeAndFlush(response, context.voidPromise());
    }

    private static ByteBuf bytes(String text) {
      return Unpooled.unreleasableBuffer(
          Unpooled.copiedBuffer(text, StandardCharsets.UTF_8).asReadOnly());
    }
  }
}
