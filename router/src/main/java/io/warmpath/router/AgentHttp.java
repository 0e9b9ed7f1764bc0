package io.warmpath.router;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.warmpath.relay.Transport;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's HTTP/1.1 connections to agents: each carries one exchange at a time and is kept
 * for the next one. Confined to the loop's thread.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
final class AgentHttp {

  private static final int MAX_IDLE_PER_AGENT = 256;
  private static final int CONNECT_TIMEOUT_MILLIS = 2_000;
  private static final int MAX_INITIAL_LINE_BYTES = 8 << 10;
  private static final int MAX_HEADER_BYTES = 64 << 10;
  private static final int MAX_CHUNK_BYTES = 64 << 10;

  private final Bootstrap bootstrap;
  private final @Nullable AgentTls tls;
  private final Map<String, Deque<Connection>> idle = new HashMap<>();
  private final Set<Connection> open = new HashSet<>();

  /** Makes connections on {@code loop}, plain ones without {@code tls}. */
  AgentHttp(EventLoop loop, Transport transport, @Nullable AgentTls tls) {
    this.tls = tls;
    this.bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(transport.client())
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS);
  }

  /** Told of the answer to one request; {@link #failed} or {@link #ended} comes last, once. */
  interface Listener {

    void head(HttpResponse response);

    /** A part of the body, which the listener releases; the last one has the trailers. */
    void body(HttpContent content);

    /** No more is to be read for now. */
    void readComplete();

    /** The answer was whole. */
    void ended();

    /** The connection broke, or was not made. */
    void failed();
  }

  /** One request under way. */
  interface Exchange {

    /** Reads on, or stops reading. */
    void reading(boolean on);

    /** Gives the request up; the listener hears no more. */
    void cancel();
  }

  /** Sends {@code request}, of which it takes possession, to the relay at {@code address}. */
  Exchange send(String address, FullHttpRequest request, Listener listener) {
    Carried carried = new Carried(address, request, listener);
    Connection kept = takeIdle(address);
    if (kept == null) {
      sendOnNew(carried);
    } else {
      kept.begin(carried);
    }
    return carried;
  }

  private void sendOnNew(Carried carried) {
    Connection fresh = new Connection(carried.address);
    fresh.carried = carried;
    carried.connection = fresh;
    open.add(fresh);
    connect(fresh, carried.address)
        .addListener((ChannelFuture connected) -> {
          if (connected.isSuccess() && fresh.carried != null) {
            fresh.begin(carried);
          } else {
            fresh.broken();
          }
        });
  }

  /** Cuts every connection. */
  void close() {
    Set.copyOf(open).forEach(Connection::drop);
    idle.clear();
  }

  private ChannelFuture connect(Connection connection, String address) {
    URI target = URI.create("http://" + address);
    return bootstrap
        .clone()
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                connection.channel = channel;
                if (tls != null) {
                  channel
                      .pipeline()
                      .addLast(tls.handler(channel, target.getHost(), target.getPort()));
                }
                channel
                    .pipeline()
                    .addLast(
                        new HttpClientCodec(
                            MAX_INITIAL_LINE_BYTES, MAX_HEADER_BYTES, MAX_CHUNK_BYTES))
                    .addLast(connection);
              }
            })
        .connect(new InetSocketAddress(target.getHost(), target.getPort()));
  }

  private @Nullable Connection takeIdle(String address) {
    Deque<Connection> kept = idle.get(address);
    return kept == null ? null : kept.pollLast();
  }

  /**
   * A request and who hears of its answer. It is sent a second time, once, when a kept connection
   * turns out to have been closed by the agent in the meantime.
   */
  private static final class Carried implements Exchange {

    private final String address;
    private final Listener listener;
    private @Nullable FullHttpRequest request;
    private @Nullable Connection connection;
    private boolean repeated;

    Carried(String address, FullHttpRequest request, Listener listener) {
      this.address = address;
      this.request = request;
      this.listener = listener;
    }

    /** An answer began, or none will come: the request is not needed any more. */
    void forget() {
      if (request != null) {
        request.release();
        request = null;
      }
    }

    @Override
    public void reading(boolean on) {
      if (connection != null) {
        connection.reading(on);
      }
    }

    @Override
    public void cancel() {
      forget();
      if (connection != null) {
        connection.drop();
        connection = null;
      }
    }
  }

  /** One connection and the exchange on it. */
  private final class Connection extends ChannelInboundHandlerAdapter {

    private final String address;
    private @Nullable Channel channel;
    private @Nullable Carried carried;
    private boolean kept;
    private boolean reusable;
    private boolean interim;

    Connection(String address) {
      this.address = address;
    }

    void begin(Carried next) {
      carried = next;
      next.connection = this;
      reusable = false;
      interim = false;
      if (channel != null && next.request != null) {
        channel.config().setAutoRead(true);
        channel.writeAndFlush(next.request.retainedDuplicate());
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      Carried current = carried;
      if (current == null) {
        ReferenceCountUtil.release(message);
        context.close(); // Nobody asked.
        return;
      }
      switch (message) {
        case HttpResponse response when response.decoderResult().isSuccess() -> {
          current.forget();
          interim = response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
          reusable = HttpUtil.isKeepAlive(response);
          current.listener.head(response);
        }
        case LastHttpContent end when interim -> {
          interim = false;
          end.release();
        }
        case HttpContent content when content.decoderResult().isSuccess() -> {
          boolean last = content instanceof LastHttpContent;
          current.listener.body(content);
          if (last && carried != null) {
            finish(current);
          }
        }
        default -> {
          ReferenceCountUtil.release(message);
          context.close();
        }
      }
    }

    private void finish(Carried ended) {
      carried = null;
      ended.connection = null;
      reading(true); // So that an idle connection's end is noticed.
      Deque<Connection> others = idle.computeIfAbsent(address, a -> new ArrayDeque<>());
      if (reusable && others.size() < MAX_IDLE_PER_AGENT) {
        kept = true;
        others.addLast(this);
      } else if (channel != null) {
        channel.close();
      }
      ended.listener.ended();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      if (carried != null) {
        carried.listener.readComplete();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      broken();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }

    void broken() {
      open.remove(this);
      Deque<Connection> others = idle.get(address);
      if (others != null && others.remove(this) && others.isEmpty()) {
        idle.remove(address);
      }
      Carried current = carried;
      carried = null;
      if (current == null) {
        return;
      }
      if (kept && current.request != null && !current.repeated) {
        current.repeated = true;
        sendOnNew(current);
        return;
      }
      current.forget();
      current.connection = null;
      current.listener.failed();
    }

    void reading(boolean on) {
      if (channel != null) {
        channel.config().setAutoRead(on);
      }
    }

    /** Gives up what it carries. */
    void drop() {
      carried = null;
      if (channel != null) {
        channel.close();
      }
    }
  }
}
