package io.warmpath.router;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.warmpath.relay.Transport;
import io.warmpath.router.usage.UsageCounts;
import io.warmpath.router.usage.UsageKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The event loops of the data path, shared by front doors and connections to agents. */
final class RelayLoops implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RelayLoops.class);

  private static final ThreadLocal<RelayLoop> CURRENT = new ThreadLocal<>();
  private static final int CLOSE_LIMIT_SECONDS = 2;
  private static final int COLLECT_LIMIT_SECONDS = 1;

  private final Transport transport = Transport.best();
  private final EventLoopGroup group;
  private final List<RelayLoop> loops = new ArrayList<>();

  /** Starts the loops; connections to agents are plain without {@code tls}. */
  RelayLoops(RouterConfig.Upstream config, int maxAnswerBytes, @Nullable AgentTls tls) {
    group =
        new MultiThreadIoEventLoopGroup(
            config.eventLoops(), new DefaultThreadFactory("warmpath-relay", true), transport.io());
    for (EventExecutor executor : group) {
      RelayLoop loop = new RelayLoop((EventLoop) executor, transport, config, maxAnswerBytes, tls);
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

  /**
   * Has every loop hand over what its answers used, and waits for them, but not for a loop that is
   * stuck: what that one has comes later.
   */
  void collectUsage(Consumer<Map<UsageKey, UsageCounts>> to) {
    CountDownLatch left = new CountDownLatch(loops.size());
    for (RelayLoop loop : loops) {
      loop.takeUsage(usage -> {
        to.accept(usage);
        left.countDown();
      });
    }
    try {
      if (!left.await(COLLECT_LIMIT_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("{} event loops did not say what they counted in time", left.getCount());
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    loops.forEach(RelayLoop::close);
    var _ = group.shutdownGracefully(0, CLOSE_LIMIT_SECONDS, TimeUnit.SECONDS);
  }
}
