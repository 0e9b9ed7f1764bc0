package io.warmpath.router;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.warmpath.router.HttpDoorMetrics.Rejection;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP front door: OpenAI's API and whatever else the engines speak, over HTTP/1.1, and over
 * HTTP/2 for clients that begin with its preface, as those do that agreed on it within TLS.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
final class HttpDoor implements AutoCloseable {

  private static final int MAX_INITIAL_LINE_BYTES = 8 << 10;
  static final int MAX_HEADER_BYTES = 64 << 10;
  private static final int MAX_CHUNK_BYTES = 64 << 10;
  private static final int BACKLOG = 4_096;

  private final Channel listening;
  private final ChannelGroup connections;

  private HttpDoor(Channel listening, ChannelGroup connections) {
    this.listening = listening;
    this.connections = connections;
  }

  /**
   * Starts the door on the relay's event loops, a plain one without {@code tls}.
   *
   * @throws IOException when the address cannot be listened on
   */
  static HttpDoor start(
      RouterConfig.Listen listen,
      @Nullable SslContext tls,
      RequestPath path,
      HttpDoorMetrics metrics)
      throws IOException {
    ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    metrics.watch(connections);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(path.loops().group())
            .channel(path.loops().transport().server())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (connections.size() >= path.limits().maxInFlight()) {
                      metrics.rejected(Rejection.TOO_MANY_CONNECTIONS);
                      channel.close();
                      return;
                    }
                    connections.add(channel);
                    if (tls != null) {
                      channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                    }
                    channel
                        .pipeline()
                        .addLast(new ProtocolChooser(path, metrics))
                        .addLast(
                            new HttpServerCodec(
                                MAX_INITIAL_LINE_BYTES, MAX_HEADER_BYTES, MAX_CHUNK_BYTES))
                        .addLast(new HttpConnection(path, metrics));
                  }
                })
            .bind(new InetSocketAddress(listen.host(), listen.port()))
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(bound.cause());
    }
    return new HttpDoor(bound.channel(), connections);
  }

  /** The port that it listens on. */
  int port() {
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  /** Takes no further connection, and no further request on those that are there. */
  void stopListening() {
    listening.close().awaitUninterruptibly();
    for (Channel connection : connections) {
      connection
          .eventLoop()
          .execute(() -> connection.pipeline().fireUserEventTriggered(Leaving.NOW));
    }
  }

  /** Told to connections when the router leaves: they end after what they carry. */
  enum Leaving {
    NOW,
  }

  @Override
  public void close() {
    stopListening();
    connections.close().awaitUninterruptibly();
  }
}
