package io.warmpath.bench.door;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * An open-loop client over kept connections: a request is sent when it is due, whatever became of
 * the ones before it, and its time counts from then. Everything runs on one event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // A write that fails closes the connection.
final class DoorClient implements AutoCloseable {

  /** How long after the last request was due all have to be over. */
  private static final double LAST_SECONDS = 60;

  private static final int OK = 200;

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final EventLoop loop = group.next();
  private final URI target;
  private final Deque<Channel> idle = new ArrayDeque<>();
  private long sent;

  /** A client of the router, or engine, at {@code target}. */
  DoorClient(String target) {
    this.target = URI.create(target);
  }

  /**
   * What was measured, in nanoseconds.
   *
   * @param first from when a request was due to the first byte of its answer's body
   * @param failed answers other than 200, and connections that ended early
   */
  record Measured(Histogram first, int failed) {}

  /** Sends {@code count} requests and waits for their ends. */
  Measured run(DoorScenario scenario, int count) throws InterruptedException {
    Run run = new Run(scenario, count);
    loop.execute(run::next);
    double limitSeconds = count / scenario.requestsPerSecond() + LAST_SECONDS;
    if (!run.ended.await((long) limitSeconds, TimeUnit.SECONDS)) {
      throw new IllegalStateException(run.ended.getCount() + " requests did not end");
    }
    return new Measured(run.first, run.failed);
  }

  /** A completion that is asked of {@code target}. */
  static FullHttpRequest request(URI target, byte[] body) {
    FullHttpRequest request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1, HttpMethod.POST, "/v1/completions", Unpooled.wrappedBuffer(body));
    request
        .headers()
        .set(HttpHeaderNames.HOST, target.getAuthority())
        .set(HttpHeaderNames.CONTENT_TYPE, "application/json")
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    return request;
  }

  @Override
  public void close() {
    group.shutdownGracefully().syncUninterruptibly();
  }

  /** One run; lives on the loop. */
  private final class Run {

    private final DoorScenario scenario;
    private final int count;
    private final long startNanos = System.nanoTime();
    private final Histogram first = new Histogram(3);
    private final CountDownLatch ended;
    private int begun;
    private int failed;

    Run(DoorScenario scenario, int count) {
      this.scenario = scenario;
      this.count = count;
      this.ended = new CountDownLatch(count);
    }

    private long dueNanos(int number) {
      return startNanos + (long) (number * 1e9 / scenario.requestsPerSecond());
    }

    /** Sends what is due and comes again when the next one is. */
    void next() {
      while (begun < count && dueNanos(begun) - System.nanoTime() <= 0) {
        send(dueNanos(begun++));
      }
      if (begun < count) {
        loop.schedule(this::next, dueNanos(begun) - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    }

    private void send(long dueNanos) {
      Channel channel = idle.pollLast();
      if (channel != null && channel.isActive()) {
        send(channel, dueNanos);
        return;
      }
      ChannelFuture connected =
          new Bootstrap()
              .group(loop)
              .channel(NioSocketChannel.class)
              .option(ChannelOption.TCP_NODELAY, true)
              .handler(
                  new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      channel.pipeline().addLast(new HttpClientCodec(), new Answer());
                    }
                  })
              .connect(target.getHost(), target.getPort());
      connected.addListener(done -> {
        if (done.isSuccess()) {
          send(connected.channel(), dueNanos);
        } else {
          end(false);
        }
      });
    }

    private void send(Channel channel, long dueNanos) {
      FullHttpRequest request = request(target, scenario.body(EchoEngines.MODEL, sent++));
      channel.pipeline().get(Answer.class).expect(this, dueNanos);
      channel.writeAndFlush(request, channel.voidPromise());
    }

    void end(boolean good) {
      failed += good ? 0 : 1;
      ended.countDown();
    }
  }

  /** The answers of one connection. */
  private final class Answer extends SimpleChannelInboundHandler<HttpObject> {

    private @Nullable Run run;
    private long dueNanos;
    private boolean good;
    private boolean begun;

    void expect(Run newRun, long newDueNanos) {
      run = newRun;
      dueNanos = newDueNanos;
      good = false;
      begun = false;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject part) {
      Run current = run;
      if (current == null) {
        return;
      }
      if (part instanceof HttpResponse response) {
        good = response.status().code() == OK;
      }
      if (part instanceof HttpContent content && content.content().isReadable() && !begun) {
        begun = true;
        current.first.recordValue(System.nanoTime() - dueNanos);
      }
      if (part instanceof LastHttpContent) {
        run = null;
        idle.addLast(context.channel());
        current.end(good && begun);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      Run current = run;
      if (current != null) {
        run = null;
        current.end(false);
      }
    }
  }
}
