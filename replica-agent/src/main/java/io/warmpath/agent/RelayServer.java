package io.warmpath.agent;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.GlobalEventExecutor;
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

  private static final int MAX_INITIAL_LINE_BYTES = 8 << 10;

  /** Above what routers take from clients, so that there is room for their own headers. */
  private static final int MAX_HEADER_BYTES = 80 << 10;

  private static final int MAX_PIECE_BYTES = 64 << 10;
  private static final int MAX_CONNECTIONS = 20_000;
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
    OUT_OF_TURN,
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
    channel
        .pipeline()
        .addLast(new HttpServerCodec(MAX_INITIAL_LINE_BYTES, MAX_HEADER_BYTES, MAX_PIECE_BYTES))
        .addLast(new RelayConnection(this, channel));
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
