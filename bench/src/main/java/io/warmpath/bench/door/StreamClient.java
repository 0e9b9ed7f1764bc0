package io.warmpath.bench.door;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Many streams at a time, each on its own connection, on one event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // A write that fails closes the connection.
final class StreamClient implements AutoCloseable {

  private static final long LIMIT_SECONDS = 60;
  private static final int OK = 200;

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final EventLoop loop = group.next();
  private final ChannelGroup open = new DefaultChannelGroup(loop);
  private final URI target;

  /** A client of the router, or engine, at {@code target}. */
  StreamClient(String target) {
    this.target = URI.create(target);
  }

  /**
   * What streams do.
   *
   * @param streams how many at a time
   * @param chunks of each
   * @param pace between two chunks of a stream
   */
  record Load(int streams, int chunks, Duration pace) {

    byte[] body(int stream) {
      return """
      {"model":"%s","stream":true,"max_tokens":%d,"metadata":{"pace_ms":"%d"},\
      "prompt":"%d the quick brown fox"}\
      """
          .formatted(EchoEngines.MODEL, chunks, pace.toMillis(), stream)
          .getBytes(StandardCharsets.UTF_8);
    }
  }

  /**
   * What was measured.
   *
   * @param stalls how much longer than the pace the silence before each read was, nanoseconds
   * @param failed streams that did not end well
   */
  record Measured(Histogram stalls, int failed) {}

  /** Runs all streams to their ends, begun evenly over one pace. */
  Measured run(Load load) throws InterruptedException {
    Run run = new Run(load);
    run.begin();
    long lengthSeconds = load.pace().multipliedBy(load.chunks()).toSeconds();
    if (!run.ended.await(lengthSeconds + LIMIT_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException(run.ended.getCount() + " streams did not end");
    }
    return new Measured(run.stalls, run.failed);
  }

  /** Begins all streams and returns when each has had its first chunk. */
  void hold(Load load) throws InterruptedException {
    Run run = new Run(load);
    run.begin();
    if (!run.begun.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException(run.begun.getCount() + " streams did not begin");
    }
  }

  @Override
  public void close() {
    open.close().awaitUninterruptibly();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** One run; lives on the loop. */
  private final class Run {

    private final Load load;
    private final Histogram stalls = new Histogram(3);
    private final CountDownLatch begun;
    private final CountDownLatch ended;
    private int failed;

    Run(Load load) {
      this.load = load;
      this.begun = new CountDownLatch(load.streams());
      this.ended = new CountDownLatch(load.streams());
    }

    void begin() {
      // Idle streams have no pace to be spread over; a second keeps the first chunks apart.
      long spreadNanos = Math.min(load.pace().toNanos(), TimeUnit.SECONDS.toNanos(1));
      for (int i = 0; i < load.streams(); i++) {
        int stream = i;
        loop.schedule(
            () -> connect(stream), spreadNanos * i / load.streams(), TimeUnit.NANOSECONDS);
      }
    }

    private void connect(int stream) {
      ChannelFuture connected =
          new Bootstrap()
              .group(loop)
              .channel(NioSocketChannel.class)
              .option(ChannelOption.TCP_NODELAY, true)
              .handler(
                  new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      open.add(channel);
                      channel.pipeline().addLast(new HttpClientCodec(), new Stream(Run.this));
                    }
                  })
              .connect(target.getHost(), target.getPort());
      connected.addListener(done -> {
        if (done.isSuccess()) {
          connected.channel().writeAndFlush(DoorClient.request(target, load.body(stream)));
        } else {
          end(false);
        }
      });
    }

    void end(boolean good) {
      failed += good ? 0 : 1;
      ended.countDown();
    }
  }

  /** One stream's connection. */
  private static final class Stream extends SimpleChannelInboundHandler<HttpObject> {

    private final Run run;
    private long lastNanos;
    private boolean good;
    private boolean over;

    Stream(Run run) {
      this.run = run;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject part) {
      if (part instanceof HttpResponse response) {
        good = response.status().code() == OK;
      }
      if (part instanceof LastHttpContent) {
        over = true;
        run.end(good && lastNanos != 0);
        context.close();
      } else if (part instanceof HttpContent content && content.content().isReadable()) {
        read(System.nanoTime());
      }
    }

    private void read(long now) {
      if (lastNanos == 0) {
        run.begun.countDown();
      } else {
        run.stalls.recordValue(Math.max(0, now - lastNanos - run.load.pace().toNanos()));
      }
      lastNanos = now;
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (!over) {
        over = true;
        run.end(false);
      }
    }
  }
}
