package io.warmpath.cli.secure;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.warmpath.agent.Agent;
import io.warmpath.agent.AgentConfig;
import io.warmpath.membership.EmbeddedZooKeeper;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.relay.tls.TlsSettings;
import io.warmpath.router.Access;
import io.warmpath.router.Router;
import io.warmpath.router.RouterConfig;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.server.EngineServerSettings;
import io.warmpath.simulator.server.SimulatedEngineServer;
import io.warmpath.testkit.Await;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A ZooKeeper, two engines with an agent each, and routers, with TLS wherever it is asked for. */
final class SecureCluster implements AutoCloseable {

  static final String MODEL = "simulated";
  static final Duration LIMIT = Duration.ofSeconds(30);

  private static final int REPLICAS = 2;

  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final List<Runnable> closings = new ArrayList<>();
  private final List<Agent> agents = new ArrayList<>();
  private final ZooKeeperSettings zooKeeper;

  SecureCluster(Path directory, @Nullable TlsSettings ofAgents) throws IOException {
    EmbeddedZooKeeper server = EmbeddedZooKeeper.start(directory, 0);
    closings.add(server::close);
    zooKeeper = ZooKeeperSettings.of(server.connectString());
    EngineProfile profile = EngineProfile.named("8b-h100").atSpeed(20);
    for (int i = 0; i < REPLICAS; i++) {
      SimulatedEngineServer engine =
          SimulatedEngineServer.start(
              EngineServerSettings.of(MODEL, profile), (EventLoop) loop.next());
      closings.add(engine::close);
      AgentConfig config =
          AgentConfig.of(
                  List.of(new AgentConfig.Engine(engine.url().toString(), "replica-" + i, 1)),
                  zooKeeper)
              .withEndpoints(
                  AgentConfig.Endpoint.loopback(),
                  AgentConfig.Endpoint.loopback(),
                  AgentConfig.Endpoint.loopback());
      agents.add(Agent.start(ofAgents == null ? config : config.withTls(ofAgents)));
    }
    agents.forEach(agent -> closings.add(agent::close));
  }

  /** Starts a router and waits until it knows of ready replicas. */
  Router router(Access access, RouterConfig.@Nullable UpstreamTls upstream) throws IOException {
    RouterConfig plain =
        RouterConfig.of(new RouterConfig.Fleet.ZooKeeper(zooKeeper))
            .withHttp(new RouterConfig.Listen("127.0.0.1", 0))
            .withAccess(access);
    RouterConfig config =
        upstream == null
            ? plain
            : plain.withUpstream(RouterConfig.Upstream.DEFAULT.withTls(upstream));
    Router router = Router.start(config);
    closings.add(router::close);
    Await.until("the router is ready", LIMIT, router::ready);
    return router;
  }

  /** The metrics of a router. */
  static String metrics(Router router) throws IOException, InterruptedException {
    return page(router.adminPort());
  }

  /** The metrics of an agent. */
  String agentMetrics(int index) throws IOException, InterruptedException {
    return page(agents.get(index).adminPort());
  }

  private static String page(int port) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics")).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  @Override
  public void close() {
    closings.reversed().forEach(Runnable::run);
    loop.shutdownGracefully().awaitUninterruptibly(5_000);
  }
}
