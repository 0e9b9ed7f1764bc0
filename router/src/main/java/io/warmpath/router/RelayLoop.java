package io.warmpath.router;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoop;
import io.warmpath.relay.Transport;
import io.warmpath.router.usage.UsageCounts;
import io.warmpath.router.usage.UsageKey;
import io.warmpath.router.usage.UsageTally;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One event loop and its connections to agents. A client's connection belongs to one loop; its
 * requests are decided there, sent over that loop's own connections, and their answers come back
 * there. So a request's state has one thread, and nothing on its path is shared but the published
 * table and the counters.
 */
final class RelayLoop implements Executor {

  /** What an agent may send ahead of a slow client, each stream: thousands of tokens. */
  private static final int WINDOW_BYTES = 64 * 1024;

  private final EventLoop eventLoop;
  private final Transport transport;
  private final RouterConfig.Upstream config;
  private final int maxAnswerBytes;
  private final AgentHttp http;
  private final @Nullable AgentTls tls;
  private final UsageTally usage = new UsageTally();
  private final Map<String, ManagedChannel> channels = new HashMap<>(); // Of this loop's thread.

  RelayLoop(
      EventLoop eventLoop,
      Transport transport,
      RouterConfig.Upstream config,
      int maxAnswerBytes,
      @Nullable AgentTls tls) {
    this.tls = tls;
    this.eventLoop = eventLoop;
    this.transport = transport;
    this.http = new AgentHttp(eventLoop, transport, config, tls);
    this.config = config;
    this.maxAnswerBytes = maxAnswerBytes;
  }

  /** Runs a task on this loop. Any thread. */
  @Override
  public void execute(Runnable task) {
    eventLoop.execute(task);
  }

  /** This loop's HTTP connections to agents. */
  AgentHttp http() {
    return http;
  }

  /** What the answers of this loop used; of this loop's thread. */
  UsageTally usage() {
    return usage;
  }

  /** Has the loop hand over what its answers used. Any thread. */
  void takeUsage(Consumer<Map<UsageKey, UsageCounts>> to) {
    eventLoop.execute(() -> to.accept(usage.take()));
  }

  /** Returns the connection to the agent at {@code address}, made when first asked for. */
  ManagedChannel channel(String address) {
    return channels.computeIfAbsent(address, this::open);
  }

  /**
   * Closes the connections to agents that left; what runs on them goes on to its end. Wakes those
   * that wait to reconnect, so that an agent that came back is used at once. Any thread.
   *
   * @param addresses of agents that are alive, both of their ports
   */
  void retain(Set<String> addresses) {
    eventLoop.execute(() -> {
      http.retain(addresses);
      channels
          .entrySet()
          .removeIf(entry -> {
            if (addresses.contains(entry.getKey())) {
              entry.getValue().resetConnectBackoff();
              return false;
            }
            entry.getValue().shutdown();
            return true;
          });
    });
  }

  /** Cuts every connection. Any thread. */
  void close() {
    eventLoop.execute(() -> {
      http.close();
      channels.values().forEach(ManagedChannel::shutdownNow);
      channels.clear();
    });
  }

  private ManagedChannel open(String address) {
    URI target = URI.create("grpc://" + address);
    NettyChannelBuilder channel =
        NettyChannelBuilder.forAddress(target.getHost(), target.getPort());
    if (tls == null) {
      channel.usePlaintext();
    } else {
      tls.secure(channel);
    }
    return channel
        .eventLoopGroup(eventLoop)
        .channelType(transport.client())
        .executor(inLoop())
        .disableRetry()
        .flowControlWindow(WINDOW_BYTES)
        .keepAliveTime(config.keepAliveSeconds(), TimeUnit.SECONDS)
        .keepAliveTimeout(config.keepAliveTimeoutSeconds(), TimeUnit.SECONDS)
        .maxInboundMessageSize(maxAnswerBytes)
        .build();
  }

  /** Runs what already is on the loop's thread at once; gRPC keeps the order of a call's events. */
  private Executor inLoop() {
    return task -> {
      if (eventLoop.inEventLoop()) {
        task.run();
      } else {
        eventLoop.execute(task);
      }
    };
  }
}
