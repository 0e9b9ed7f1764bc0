package io.warmpath.cli.local;

import com.google.errorprone.annotations.Var;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.warmpath.agent.Agent;
import io.warmpath.agent.AgentConfig;
import io.warmpath.membership.EmbeddedZooKeeper;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.router.Router;
import io.warmpath.router.RouterConfig;
import io.warmpath.simulator.server.EngineServerSettings;
import io.warmpath.simulator.server.SimulatedEngineServer;
import io.warmpath.v1.FleetReplica;
import io.warmpath.v1.GetFleetRequest;
import io.warmpath.v1.GetFleetResponse;
import io.warmpath.v1.ReplicaState;
import io.warmpath.v1.RoutingServiceGrpc;
import io.warmpath.v1.RoutingServiceGrpc.RoutingServiceBlockingStub;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An embedded ZooKeeper, simulated engines with an agent each, and one router, all in this process
 * and over real sockets.
 */
public final class LocalCluster implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(LocalCluster.class);

  /** Engines share this many event loops; their time is simulated, so one can carry several. */
  private static final int ENGINE_LOOPS = 2;

  private static final long POLL_MILLIS = 10;
  private static final long CLOSE_SECONDS = 2;

  private final LocalClusterSettings settings;
  private final Path directory;
  private final MultiThreadIoEventLoopGroup engineLoops =
      new MultiThreadIoEventLoopGroup(
          ENGINE_LOOPS, new DefaultThreadFactory("engine", true), NioIoHandler.newFactory());
  private final List<SimulatedEngineServer> engines = new ArrayList<>();
  private final List<Agent> agents = new ArrayList<>();
  private @Nullable EmbeddedZooKeeper zooKeeper;
  private @Nullable Router router;
  private @Nullable AgentProcess killable;

  private LocalCluster(LocalClusterSettings settings, Path directory) {
    this.settings = settings;
    this.directory = directory;
  }

  /**
   * Starts the cluster; it serves once {@link #awaitReady} returned.
   *
   * @throws IOException when an address is taken
   */
  public static LocalCluster start(LocalClusterSettings settings) throws IOException {
    LocalCluster cluster =
        new LocalCluster(settings, Files.createTempDirectory("warmpath-zookeeper-"));
    @Var boolean started = false;
    try {
      cluster.startAll();
      started = true;
    } finally {
      if (!started) {
        cluster.close();
      }
    }
    return cluster;
  }

  private void startAll() throws IOException {
    EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, settings.zooKeeperPort());
    zooKeeper = server;
    ZooKeeperSettings membership = ZooKeeperSettings.of(server.connectString());
    router =
        Router.start(
            RouterConfig.of(new RouterConfig.Fleet.ZooKeeper(membership))
                .listening(settings.grpc(), settings.admin())
                .withHttp(settings.http())
                .withDefaultModel(settings.served()));
    EngineServerSettings engine = EngineServerSettings.of(settings.model(), settings.profile());
    for (int i = 0; i < settings.replicas(); i++) {
      engines.add(SimulatedEngineServer.start(engine, (EventLoop) engineLoops.next()));
      AgentConfig agent = agentConfig(i, membership);
      if (i == settings.killableReplica()) {
        killable = AgentProcess.start(agent, directory);
      } else {
        agents.add(Agent.start(agent));
      }
    }
  }

  /** Returns the config of the agent in front of engine {@code index}. */
  private AgentConfig agentConfig(int index, ZooKeeperSettings membership) {
    AgentConfig.Engine engine =
        new AgentConfig.Engine(engines.get(index).url().toString(), replicaId(index), 1);
    AgentConfig config =
        AgentConfig.of(List.of(engine), membership)
            .withEndpoints(
                AgentConfig.Endpoint.loopback(),
                AgentConfig.Endpoint.loopback(),
                AgentConfig.Endpoint.loopback());
    return config.with(settings.queue(), config.engine());
  }

  /** The id of replica {@code index}, from 0. */
  public static String replicaId(int index) {
    return "replica-" + index;
  }

  /**
   * Returns the fleet as the router sees it, once every replica is ready.
   *
   * @throws IOException when they are not within {@code limit}
   */
  public GetFleetResponse awaitReady(Duration limit) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(settings.grpc().host(), router().grpcPort())
            .usePlaintext()
            .build();
    try {
      RoutingServiceBlockingStub routing = RoutingServiceGrpc.newBlockingStub(channel);
      while (System.nanoTime() - deadline < 0) {
        GetFleetResponse fleet = routing.getFleet(GetFleetRequest.getDefaultInstance());
        if (fleet.getReplicasList().stream().filter(LocalCluster::isReady).count()
            == settings.replicas()) {
          return fleet;
        }
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      }
      throw new IOException(
          "not all %d replicas became ready within %d s"
              .formatted(settings.replicas(), limit.toSeconds()));
    } finally {
      channel.shutdownNow();
    }
  }

  private static boolean isReady(FleetReplica replica) {
    return replica.getRecord().getState() == ReplicaState.REPLICA_STATE_READY;
  }

  public LocalClusterSettings settings() {
    return settings;
  }

  public Router router() {
    return Objects.requireNonNull(router);
  }

  /** The engines, by the number of their replica. */
  public List<SimulatedEngineServer> engines() {
    return List.copyOf(engines);
  }

  /** Kills the agent that runs in a process of its own, as a crash would. */
  public void killAgent() {
    Objects.requireNonNull(killable).kill();
  }

  /** Where ZooKeeper is reached. */
  public String zooKeeperAddress() {
    return Objects.requireNonNull(zooKeeper).connectString();
  }

  /** Lets what runs end within {@code limit}, then closes. */
  public void drain(Duration limit) {
    if (router != null) {
      router.drain(limit);
    }
    close();
  }

  /** Stops everything at once. */
  @Override
  public void close() {
    if (router != null) {
      router.close();
    }
    agents.forEach(Agent::close);
    if (killable != null) {
      killable.close();
    }
    engines.forEach(SimulatedEngineServer::close);
    engineLoops
        .shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    if (zooKeeper != null) {
      zooKeeper.close();
    }
    deleteDirectory();
  }

  private void deleteDirectory() {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      log.warn("could not delete {}", directory);
    }
  }
}
