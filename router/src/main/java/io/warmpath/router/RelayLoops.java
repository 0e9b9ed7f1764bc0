package io.warmpath.router;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The event loops of the data path, shared by front doors and connections to agents. */
final class RelayLoops implements AutoCloseable {

  private static final ThreadLocal<RelayLoop> CURRENT = new ThreadLocal<>();
  private static final int CLOSE_LIMIT_SECONDS = 2;

  private final Transport transport = Transport.best();
  private final EventLoopGroup group;
  private final List<RelayLoop> loops = new ArrayList<>();

  RelayLoops(RouterConfig.Upstream config, int maxAnswerBytes) {
    group =
        new MultiThreadIoEventLoopGroup(
            config.eventLoops(), new DefaultThreadFactory("warmpath-relay", true), transport.io());
    for (EventExecutor executor : group) {
      RelayLoop loop = new RelayLoop((EventLoop) executor, transport, config, maxAnswerBytes);
      loops.add(loop);
      executor.submit(() -> CURRENT.set(loop)).syncUninterruptibly();
    }
  }

  /** How the loops drive sockets. */
  Transport transport() {
    return transport;
  }

  /** The loops, for servers. */
  EventLoopGroup group() {
    return group;
  }

  /**
   * Returns the loop of the calling thread.
   *
   * @throws IllegalStateException when the thread is none of the loops
   */
  RelayLoop current() {
    RelayLoop loop = CURRENT.get();
    if (loop == null) {
      throw new IllegalStateException("not an event loop: " + Thread.currentThread().getName());
    }
    return loop;
  }

  /** Tells every loop which agents are alive. */
  void retain(Set<String> addresses) {
    loops.forEach(loop -> loop.retain(addresses));
  }

  @Override
  public void close() {
    loops.forEach(RelayLoop::close);
    var _ = group.shutdownGracefully(0, CLOSE_LIMIT_SECONDS, TimeUnit.SECONDS);
  }
}
