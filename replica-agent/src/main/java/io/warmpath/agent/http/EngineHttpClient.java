package io.warmpath.agent.http;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpVersion;
import io.warmpath.relay.HostNames;
import io.warmpath.relay.Transport;
import io.warmpath.routing.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 client of one engine with pooled connections. All of it runs on one event loop, the
 * one of the engine's replica, so that an answer reaches the replica's state without a hand-over.
 *
 * <p>A request that was sent on a kept connection is sent again, once, on a new one when the engine
 * closes the kept one before a byte of the answer: engines drop idle connections after seconds.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
public final class EngineHttpClient implements AutoCloseable {

  private final EventLoop loop;
  private final Ticker ticker;
  private final String host;
  private final int port;
  private final Settings settings;
  private final Bootstrap bootstrap;
  private final Deque<Channel> idle = new ArrayDeque<>();
  private final Set<Channel> open = new HashSet<>();
  private int exchanges;
  private boolean closed;

  /**
   * Limits of a client.
   *
   * @param maxExchanges most requests at a time, each on its own connection
   * @param connectTimeout longest time to make a connection
   * @param keepAlive longest time that an idle connection is kept; below the engine's own limit,
   *     which is 5 s for vLLM's server
   */
  public record Settings(int maxExchanges, Duration connectTimeout, Duration keepAlive) {

    public Settings {
      if (maxExchanges < 1) {
        throw new IllegalArgumentException("maxExchanges: " + maxExchanges);
      }
    }
  }

  /** A client of the engine at {@code host:port} that lives on {@code loop}. */
  public EngineHttpClient(EventLoop loop, Ticker ticker, String host, int port, Settings settings) {
    this.loop = loop;
    this.ticker = ticker;
    this.host = host;
    this.port = port;
    this.settings = settings;
    this.bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(Transport.best().client())
            .resolver(HostNames.SYSTEM)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) settings.connectTimeout().toMillis())
            .remoteAddress(host, port)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    EngineResponseDecoder decoder = new EngineResponseDecoder();
                    channel
                        .pipeline()
                        .addLast(decoder, new HttpRequestEncoder())
                        .addLast(new EngineConnection(EngineHttpClient.this, decoder));
                  }
                });
  }

  /**
   * Sends {@code request}; to be called on the event loop, where {@code listener} is called too.
   */
  public EngineExchange send(EngineRequest request, ResponseListener listener) {
    EngineExchange exchange = new EngineExchange(this, request, listener);
    exchanges++;
    if (closed || exchanges > settings.maxExchanges()) {
      String message = closed ? "the agent is closing" : "all connections are in use";
      // Later, so that the caller has the exchange before its listener hears of it.
      loop.execute(() -> exchange.fail(EngineFailure.Kind.NO_CONNECTION, message));
      return exchange;
    }
    exchange.begin();
    Channel kept = takeIdle();
    if (kept == null) {
      connect(exchange);
    } else {
      write(kept, exchange);
    }
    return exchange;
  }

  /** Exchanges that have not ended. */
  public int exchanges() {
    return exchanges;
  }

  /** Connections that are open, idle ones included. */
  public int connections() {
    return open.size();
  }

  /** Closes connections that nobody used for the keep-alive time. */
  public void closeIdle() {
    while (!idle.isEmpty() && isExpired(idle.peekFirst())) {
      idle.removeFirst().close();
    }
  }

  /** Fails what is under way and closes all connections; to be called on the event loop. */
  @Override
  public void close() {
    closed = true;
    Set.copyOf(open).forEach(Channel::close);
  }

  void connect(EngineExchange exchange) {
    ChannelFuture connecting = bootstrap.connect();
    connecting.addListener(done -> {
      Channel channel = connecting.channel();
      if (!done.isSuccess()) {
        exchange.fail(EngineFailure.Kind.CONNECT, "cannot connect to the engine at " + authority());
      } else if (exchange.isEnded() || closed) {
        channel.close();
        exchange.fail(EngineFailure.Kind.CLOSED, "the agent is closing");
      } else {
        open.add(channel);
        write(channel, exchange);
      }
    });
  }

  private void write(Channel channel, EngineExchange exchange) {
    EngineRequest request = exchange.request();
    FullHttpRequest message =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1,
            request.method(),
            request.path(),
            request.body().retainedDuplicate());
    message.headers().add(request.headers());
    message.headers().set(HttpHeaderNames.HOST, authority());
    if (request.body().isReadable() || request.method().equals(HttpMethod.POST)) {
      message.headers().set(HttpHeaderNames.CONTENT_LENGTH, request.body().readableBytes());
    }
    channel.pipeline().get(EngineConnection.class).carry(exchange);
    exchange.attach(channel);
    channel.writeAndFlush(message);
  }

  private @Nullable Channel takeIdle() {
    closeIdle();
    while (!idle.isEmpty()) {
      Channel newest = idle.removeLast();
      if (newest.isActive()) {
        return newest;
      }
    }
    return null;
  }

  private boolean isExpired(Channel channel) {
    EngineConnection connection = channel.pipeline().get(EngineConnection.class);
    return connection == null
        || ticker.nanos() - connection.idleSinceNanos() > settings.keepAlive().toNanos();
  }

  void putIdle(Channel channel) {
    if (closed) {
      channel.close();
      return;
    }
    // An exchange that was cut off from reading may have left it so.
    channel.config().setAutoRead(true);
    idle.addLast(channel);
  }

  void closed(Channel channel) {
    idle.remove(channel);
    open.remove(channel);
  }

  void ended() {
    exchanges--;
  }

  EventLoop loop() {
    return loop;
  }

  long nanos() {
    return ticker.nanos();
  }

  private String authority() {
    return host + ":" + port;
  }
}
