package io.warmpath.agent;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.ssl.SslContext;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.warmpath.relay.RelayPipeline;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.relay.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The port at which routers relay HTTP exchanges to the replicas of an agent. A request goes
 * through the same admission and queue as one over gRPC; the bytes of both bodies are left as they
 * are.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
final class RelayServer implements AutoCloseable {

  private static final int MAX_CONNECTIONS = 4_096;
  private static final int BACKLOG = 1_024;

  private final @Nullable SslContext tls;
  private final Replicas replicas;
  private final int maxBytes;
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Map<Rejection, Counter> rejections = new EnumMap<>(Rejection.class);
  private final Channel listening;

  /** Why a request or a connection was turned away before any replica saw it. */
  enum Rejection {
    MALFORMED,
    BAD_ENVELOPE,
    TOO_LARGE,
    TOO_SLOW,
    TOO_MANY_CONNECTIONS,
  }

  private RelayServer(
      AgentConfig.Endpoint endpoint,
      @Nullable SslContext tls,
      Replicas replicas,
      int maxMessageBytes,
      EventLoopGroup loops,
      MeterRegistry registry)
      throws IOException {
    this.tls = tls;
    this.replicas = replicas;
    this.maxBytes = maxMessageBytes + RelayProtocol.MAX_ENVELOPE_BYTES;
    for (Rejection rejection : Rejection.values()) {
      rejections.put(
          rejection,
          registry.counter(
              "warmpath.agent.relay.rejected",
              "reason",
              rejection.name().toLowerCase(Locale.ROOT)));
    }
    registry.gauge("warmpath.agent.relay.connections", connections, ChannelGroup::size);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops)
            .channel(Transport.best().server())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, RelayPipeline.WATER_MARK)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    init(channel);
                  }
                })
            .bind(new InetSocketAddress(endpoint.host(), endpoint.port()))
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "relay: cannot listen on %s:%d: %s"
              .formatted(endpoint.host(), endpoint.port(), bound.cause().getMessage()),
          bound.cause());
    }
    this.listening = bound.channel();
  }

  /**
   * Starts listening, plainly without {@code tls}.
   *
   * @param maxMessageBytes longest body of a client
   * @throws IOException when the address cannot be listened on
   */
  static RelayServer start(
      AgentConfig.Endpoint endpoint,
      @Nullable SslContext tls,
      Replicas replicas,
      int maxMessageBytes,
      EventLoopGroup loops,
      MeterRegistry registry)
      throws IOException {
    return new RelayServer(endpoint, tls, replicas, maxMessageBytes, loops, registry);
  }

  private void init(Channel channel) {
    if (connections.size() >= MAX_CONNECTIONS) {
      rejected(Rejection.TOO_MANY_CONNECTIONS);
      channel.close();
      return;
    }
    connections.add(channel);
    if (tls != null) {
      channel.pipeline().addLast(tls.newHandler(channel.alloc()));
    }
    RelayPipeline.serve(channel, stream -> new RelayStream(this, stream));
    channel.pipeline().addLast(new Ending());
  }

  /** The end of a connection's pipeline: what concerns the connection as a whole. */
  private final class Ending extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ReferenceCountUtil.release(message); // Settings and pings: the codec has answered them.
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      if (cause instanceof Http2Exception) {
        rejected(Rejection.MALFORMED);
      }
      context.close();
    }
  }

  int port() {
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  Replicas replicas() {
    return replicas;
  }

  /** Longest request, envelope included. */
  int maxBytes() {
    return maxBytes;
  }

  void rejected(Rejection why) {
    Counter counter = rejections.get(why);
    if (counter != null) {
      counter.increment();
    }
  }

  @Override
  public void close() {
    listening.close().awaitUninterruptibly();
    connections.close().awaitUninterruptibly();
  }
}
