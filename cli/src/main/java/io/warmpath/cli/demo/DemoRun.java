package io.warmpath.cli.demo;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.warmpath.agent.AgentConfig;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.router.RouterConfig;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Policy;
import io.warmpath.routing.replica.ReplicaQueue;
import io.warmpath.simulator.trace.TokenIds;
import io.warmpath.v1.InferenceServiceGrpc;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** One replay of a trace through a cluster of its own, whose caches start empty. */
final class DemoRun {

  private static final Duration READY_LIMIT = Duration.ofSeconds(60);

  /** Longest wait for the last answers; an overloaded policy's queue may be long. */
  private static final long TAIL_SECONDS = 300;

  /** Token ids below this; the simulated engines take any. */
  private static final int VOCABULARY_SIZE = 100_000;

  /** Nobody is refused for load, so that every policy serves the same requests. */
  private static final int QUEUE_SIZE = 1_000_000;

  private final DemoSettings settings;
  private final Policy policy;
  private final Runnable onEnded;

  /**
   * @param onEnded called once a request, on a network thread
   */
  DemoRun(DemoSettings settings, Policy policy, Runnable onEnded) {
    this.settings = settings;
    this.policy = policy;
    this.onEnded = onEnded;
  }

  /** Runs it and returns what became of each request. */
  List<Sample> run() throws IOException, InterruptedException {
    try (LocalCluster cluster = LocalCluster.start(clusterSettings())) {
      cluster.awaitReady(READY_LIMIT);
      if (!settings.kills()) {
        return send(cluster);
      }
      try (ScheduledExecutorService killer = Executors.newSingleThreadScheduledExecutor()) {
        long killMillis = Math.round(settings.killAfterSeconds() * 1000);
        ScheduledFuture<?> kill =
            killer.schedule(cluster::killAgent, killMillis, TimeUnit.MILLISECONDS);
        List<Sample> samples = send(cluster);
        kill.cancel(false);
        return samples;
      }
    }
  }

  private List<Sample> send(LocalCluster cluster) throws InterruptedException {
    MultiThreadIoEventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("client", true), NioIoHandler.newFactory());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", cluster.router().grpcPort())
            .usePlaintext()
            .eventLoopGroup(loop)
            .channelType(NioSocketChannel.class)
            // The watchers only note times, so they need no thread of their own.
            .directExecutor()
            .build();
    try {
      TokenIds tokens = new TokenIds(settings.trace().blockTokens(), VOCABULARY_SIZE);
      String model = cluster.settings().model();
      return new OpenLoop(InferenceServiceGrpc.newStub(channel), model, tokens, onEnded)
          .run(Arrival.of(settings.trace(), settings.speed()), TAIL_SECONDS);
    } finally {
      channel.shutdownNow();
      loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
  }

  private LocalClusterSettings clusterSettings() {
    LocalClusterSettings cluster =
        LocalClusterSettings.of(settings.replicas(), settings.profile()).with(served(), queue());
    return settings.kills() ? cluster.withKillable(settings.replicas() - 1) : cluster;
  }

  private RouterConfig.Model served() {
    PlacementConfig base = PlacementConfig.DEFAULT;
    PlacementConfig.Limits limits = base.limits();
    PlacementConfig placement =
        new PlacementConfig(
            base.mode(),
            base.prefix(),
            base.bound(),
            base.families(),
            base.prefillWeight(),
            base.pressureWeight(),
            base.anchors(),
            new PlacementConfig.Limits(
                Double.POSITIVE_INFINITY,
                limits.staleAfterSeconds(),
                limits.maxAttempts(),
                limits.saturation()),
            base.ejection(),
            base.disabled());
    return new RouterConfig.Model(policy, placement, RouterConfig.Model.DEFAULT.maxPromptTokens());
  }

  /** The baselines come with the order that engines have by themselves. */
  private AgentConfig.Queue queue() {
    AgentConfig.Queue base = AgentConfig.Queue.DEFAULT;
    return new AgentConfig.Queue(
        QUEUE_SIZE,
        policy == Policy.WARMPATH
            ? ReplicaQueue.Order.VIRTUAL_DEADLINE
            : ReplicaQueue.Order.ARRIVAL,
        base.deadlineFactor(),
        base.engineWork(),
        base.enginePrefills(),
        Duration.ofHours(1));
  }
}
