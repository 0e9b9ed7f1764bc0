package io.warmpath.router;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.EncoderException;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.DefaultHttp2PingFrame;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2PingFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.warmpath.relay.HostNames;
import io.warmpath.relay.RelayPipeline;
import io.warmpath.relay.Transport;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's exchanges with agents: one HTTP/2 connection to each, made when first needed,
 * each exchange a stream of it. Confined to the loop's thread.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
final class AgentHttp {

  private static final int CONNECT_TIMEOUT_MILLIS = 2_000;

  /** A connection has 2^30 stream ids for one side (RFC 9113, 5.1.1); another follows it. */
  private static final int MAX_STREAMS_BEGUN = 1 << 29;

  private final EventLoop loop;
  private final Bootstrap bootstrap;
  private final RouterConfig.Upstream config;
  private final @Nullable AgentTls tls;

  /** Connections that take new exchanges, by address. */
  private final Map<String, Link> links = new HashMap<>();

  /** All that are open, also those that only finish what they carry. */
  private final Set<Link> open = new HashSet<>();

  private boolean closed;

  /** Makes connections on {@code loop}, plain ones without {@code tls}. */
  AgentHttp(
      EventLoop loop, Transport transport, RouterConfig.Upstream config, @Nullable AgentTls tls) {
    this.loop = loop;
    this.config = config;
    this.tls = tls;
    this.bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(transport.client())
            .resolver(HostNames.SYSTEM)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, RelayPipeline.WATER_MARK)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS);
  }

  /**
   * Told of the answer to one request; {@link #ended}, {@link #failed} or {@link #unsendable} comes
   * last, once.
   */
  interface Listener {

    void head(HttpResponse response);

    /** A part of the body, which the listener releases; the last one has the trailers. */
    void body(HttpContent content);

    /** No more is to be read for now. */
    void readComplete();

    /** The answer was whole. */
    void ended();

    /** The stream or its connection broke, or none was made. */
    void failed();

    /** The request is one that HTTP/2 cannot carry; its agent has heard nothing of it. */
    void unsendable();
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
    send(carried);
    return carried;
  }

  private void send(Carried carried) {
    Link kept = links.get(carried.address);
    Link link = kept != null && kept.isUsable() ? kept : connect(carried.address);
    link.carry(carried);
  }

  /** Closes the connections to agents that are not among {@code addresses} once they are done. */
  void retain(Set<String> addresses) {
    for (Link link : List.copyOf(links.values())) {
      if (!addresses.contains(link.address)) {
        link.retire();
      }
    }
  }

  /** Cuts every connection; nothing is sent again. */
  void close() {
    closed = true;
    Set.copyOf(open).forEach(Link::close);
  }

  private Link connect(String address) {
    Link link = new Link(address);
    links.put(address, link);
    open.add(link);
    if (AgentAddress.isValid(address)) {
      connect(link, URI.create("http://" + address));
    } else {
      loop.execute(link::broken);
    }
    return link;
  }

  private void connect(Link link, URI target) {
    bootstrap
        .clone()
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                link.channel = channel;
                if (tls != null) {
                  channel
                      .pipeline()
                      .addLast(tls.handler(channel, target.getHost(), target.getPort()));
                }
                channel.pipeline().addLast(new IdleStateHandler(config.keepAliveSeconds(), 0, 0));
                RelayPipeline.call(channel);
                channel.pipeline().addLast(link);
              }
            })
        .connect(InetSocketAddress.createUnresolved(target.getHost(), target.getPort()))
        .addListener((ChannelFuture connected) -> {
          if (connected.isSuccess()) {
            link.connected(connected.channel());
          } else {
            loop.execute(link::broken); // Later: an address may be refused before a request waits.
          }
        });
  }

  /**
   * A request and who hears of its answer. It is sent a second time, once, when a connection that
   * had brought answers before breaks by itself without one to this.
   */
  private final class Carried implements Exchange {

    private final String address;
    private final Listener listener;
    private @Nullable FullHttpRequest request;
    private @Nullable Link link;
    private @Nullable Http2StreamChannel stream;
    private @Nullable ChannelFuture sent;
    private boolean reading = true;
    private boolean mayRepeat;
    private boolean repeated;
    private boolean over;

    Carried(String address, FullHttpRequest request, Listener listener) {
      this.address = address;
      this.request = request;
      this.listener = listener;
    }

    void begin(Link carrying, Http2StreamChannel begun) {
      FullHttpRequest asked = request;
      if (over || asked == null) {
        begun.close();
        return;
      }
      stream = begun;
      mayRepeat = carrying.proven && !repeated;
      begun.config().setAutoRead(reading);
      RelayPipeline.callStream(begun, new StreamHandler(this));
      ChannelFuture writing = begun.writeAndFlush(asked.retainedDuplicate());
      sent = writing;
      writing.addListener((ChannelFuture written) -> {
        if (!written.isSuccess()) {
          begun.close();
        }
      });
    }

    void read(HttpObject message) {
      if (over) {
        ReferenceCountUtil.release(message);
        return;
      }
      boolean interim = message instanceof HttpResponse response && isInterim(response);
      if (message instanceof HttpResponse response) {
        answered();
        listener.head(response);
      }
      if (interim || over || !(message instanceof HttpContent content)) {
        ReferenceCountUtil.release(message);
        return;
      }
      listener.body(content);
      if (content instanceof LastHttpContent && !over) {
        end();
        listener.ended();
      }
    }

    private static boolean isInterim(HttpResponse response) {
      return response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
    }

    void readComplete() {
      if (!over) {
        listener.readComplete();
      }
    }

    /** The stream is gone, or was never there. */
    void broken() {
      if (over) {
        return;
      }
      if (mayRepeat && request != null && link != null && link.brokeByItself() && !closed) {
        mayRepeat = false;
        repeated = true;
        leave();
        send(this);
        return;
      }
      end();
      if (isUnsendable()) {
        listener.unsendable();
      } else {
        listener.failed();
      }
    }

    private boolean isUnsendable() {
      Throwable cause = sent == null ? null : sent.cause();
      return cause instanceof EncoderException
          || cause instanceof Http2Exception.HeaderListSizeException;
    }

    private void answered() {
      if (link != null) {
        link.proven = true;
      }
      forget();
    }

    /** An answer began, or none will come: the request is not needed any more. */
    private void forget() {
      if (request != null) {
        request.release();
        request = null;
      }
    }

    private void end() {
      over = true;
      forget();
      leave();
    }

    private void leave() {
      Link carrying = link;
      link = null;
      if (carrying != null) {
        carrying.left();
      }
    }

    @Override
    public void reading(boolean on) {
      reading = on;
      if (stream != null) {
        stream.config().setAutoRead(on);
      }
    }

    @Override
    public void cancel() {
      end();
      if (stream != null) {
        stream.close();
      }
    }
  }

  /** One stream's events, told to the exchange that it carries. */
  private static final class StreamHandler extends ChannelInboundHandlerAdapter {

    private final Carried carried;

    StreamHandler(Carried carried) {
      this.carried = carried;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof HttpObject part) {
        carried.read(part);
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      carried.readComplete();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      carried.broken();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  /** One connection. */
  private final class Link extends ChannelInboundHandlerAdapter {

    private final String address;

    /** Begun before the connection was there; the router's limit of requests bounds them. */
    private final List<Carried> waiting = new ArrayList<>();

    private @Nullable Channel channel;
    private @Nullable Http2StreamChannelBootstrap streams;
    private @Nullable Future<?> probe;
    private int begun;
    private int carrying;
    private boolean proven;
    private boolean retired;
    private boolean silent;

    Link(String address) {
      this.address = address;
    }

    /** Whether a new exchange may still come through. */
    boolean isUsable() {
      return streams == null || (channel != null && channel.isActive());
    }

    /** Whether it broke though its agent is still there as far as anybody knows. */
    boolean brokeByItself() {
      return !isUsable() && !retired && !silent;
    }

    /** Begins a stream for {@code next}, or has it wait for the connection. */
    void carry(Carried next) {
      carrying++;
      next.link = this;
      if (streams == null) {
        waiting.add(next);
      } else {
        begin(streams, next);
      }
    }

    private void begin(Http2StreamChannelBootstrap ready, Carried next) {
      if (++begun == MAX_STREAMS_BEGUN) {
        retire();
      }
      ready
          .open()
          .addListener((Future<Http2StreamChannel> opened) -> {
            if (opened.isSuccess()) {
              next.begin(this, opened.getNow());
            } else {
              next.broken();
            }
          });
    }

    void connected(Channel made) {
      Http2StreamChannelBootstrap ready = new Http2StreamChannelBootstrap(made);
      streams = ready;
      waiting.forEach(next -> begin(ready, next));
      waiting.clear();
      closeIfDone(); // It may have been retired before it was there.
    }

    void left() {
      carrying--;
      closeIfDone();
    }

    /** Takes nothing new, and closes once it carries nothing. */
    void retire() {
      links.remove(address, this);
      retired = true;
      closeIfDone();
    }

    private void closeIfDone() {
      if (retired && carrying == 0) {
        close();
      }
    }

    void close() {
      if (channel != null) {
        channel.close();
      }
    }

    void broken() {
      links.remove(address, this);
      open.remove(this);
      List<Carried> stranded = List.copyOf(waiting);
      waiting.clear();
      stranded.forEach(Carried::broken);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof Http2GoAwayFrame) {
        retire();
      } else if (message instanceof Http2PingFrame ping && ping.ack() && probe != null) {
        probe.cancel(false);
        probe = null;
      }
      ReferenceCountUtil.release(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof IdleStateEvent && probe == null) {
        context.writeAndFlush(new DefaultHttp2PingFrame(0));
        probe =
            context
                .executor()
                .schedule(
                    () -> giveUp(context), config.keepAliveTimeoutSeconds(), TimeUnit.SECONDS);
      }
    }

    private void giveUp(ChannelHandlerContext context) {
      silent = true;
      context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (probe != null) {
        probe.cancel(false);
      }
      broken();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
