package io.warmpath.router;

import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.handler.ssl.SslContext;
import io.warmpath.membership.RouterInfo;
import io.warmpath.router.usage.UsageMeter;
import io.warmpath.routing.Placements;
import io.warmpath.routing.Ticker;
import io.warmpath.v1.InferenceServiceGrpc;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running router: front door, relay, control path and admin door. Any number run side by side and
 * never talk to each other.
 */
public final class Router implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Router.class);

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);
  private static final long DRAIN_POLL_NANOS = 5_000_000;
  private static final int PERMITTED_PING_SECONDS = 5;

  private volatile RouterConfig config;
  private final String routerId;
  private final Ticker ticker = Ticker.system();
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final HealthStatusManager health = new HealthStatusManager();
  private final InFlight inFlight;
  private final BodyMemory bodies;
  private final FleetSource fleet;
  private final RouterTls tls;
  private final Gate gate;
  private final RelayLoops loops;
  private final FleetControl control;
  private final UsageMeter usage;
  private final Tokenizers tokenizers;
  private final Server grpc;
  private final @Nullable HttpDoor http;
  private final AdminServer admin;
  private final ConfigState configState;
  private final AtomicBoolean draining = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();

  private Router(RouterConfig config, PlacementFactory placements) throws IOException {
    this.config = config;
    this.routerId = config.routerId().isEmpty() ? newId() : config.routerId();
    this.inFlight = new InFlight(config.limits().maxInFlight());
    this.bodies = new BodyMemory(config.limits().maxBodyBytes());
    this.gate = new Gate(config.access().tenants(), registry);
    this.configState = new ConfigState(registry, ticker);
    this.tls = RouterTls.read(config, InstantSource.system(), registry);
    this.tokenizers = Tokenizers.start(config, registry);
    this.fleet = FleetSource.of(config.fleet(), ticker, routerId, registry);
    this.loops = new RelayLoops(config.upstream(), config.limits().maxMessageBytes(), tls.agents());
    this.usage = startMetering();
    this.control =
        new FleetControl(
            config, loops, ticker, registry, tokenizers, placements, this::onPublished);
    SessionKeys keys = new SessionKeys(config.sessionSecret());
    RequestPath path =
        new RequestPath(
            control::table,
            loops,
            keys,
            new ResponseHomes(keys, registry),
            new HomeSearches(keys, registry),
            tokenizers,
            inFlight,
            bodies,
            gate,
            config.limits(),
            config.upstream().prefetchMessages(),
            ticker);
    try {
      this.grpc = startGrpc(path);
      this.http = startHttp(path);
      this.admin = startAdmin();
    } catch (IOException taken) {
      closeCore();
      throw taken;
    }
  }

  /**
   * Starts a router; it serves as soon as the first view of the fleet is there.
   *
   * @throws IOException when an address cannot be listened on, in one sentence
   * @throws io.warmpath.membership.MembershipException when ZooKeeper cannot be used
   */
  public static Router start(RouterConfig config) throws IOException {
    return start(config, Placements::create);
  }

  /** Starts a router whose placements {@code placements} makes. */
  static Router start(RouterConfig config, PlacementFactory placements) throws IOException {
    Router router = new Router(config, placements);
    router.join();
    return router;
  }

  private void join() {
    RouterMetrics.register(registry, inFlight, bodies, control::table, fleet::connected, ticker);
    tls.follow();
    fleet.follow(control::take);
    fleet.announce(
        new RouterInfo(
            routerId,
            System.currentTimeMillis(),
            config.grpc().host() + ":" + grpcPort(),
            config.admin().host() + ":" + adminPort()));
    LOG.info("router {} serves gRPC on port {}, admin on {}", routerId, grpcPort(), adminPort());
  }

  /** The router's id in the cluster. */
  public String routerId() {
    return routerId;
  }

  /** The port of the gRPC front door. */
  public int grpcPort() {
    return grpc.getPort();
  }

  /** The port of the HTTP front door, 0 when there is none. */
  public int httpPort() {
    return http == null ? 0 : http.port();
  }

  /** The port of metrics and health. */
  public int adminPort() {
    return admin.port();
  }

  /** The models' tokenizers, for tests that keep their threads busy. */
  Tokenizers tokenizers() {
    return tokenizers;
  }

  /** Whether it takes requests and knows of a replica that is ready. */
  public boolean ready() {
    return !draining.get() && control.table().anyReady();
  }

  /** Requests that it holds. */
  public int inFlight() {
    return inFlight.count();
  }

  /**
   * Takes what can change of a config as the router runs; every request that arrives after this
   * returned is served by it, and those on their way go on. What cannot change keeps its value
   * until the next start, and is named in the log and in the answer of {@code GetFleet}.
   *
   * @return the names of the settings that need a restart
   */
  public List<String> reload(RouterConfig next) throws InterruptedException {
    ConfigChange change = ConfigChange.between(config, next);
    if (change.changes()) {
      control.reconfigure(change.effective());
      gate.admit(change.effective().access().tenants());
      usage.reprice(change.effective()::prices);
      config = change.effective();
    }
    configState.applied(change.needsRestart());
    return change.needsRestart();
  }

  /** Notes that a new config was refused; the router goes on with the one it has. */
  public void refuseConfig(String reason) {
    configState.refused(reason);
  }

  /**
   * Takes no new request, and waits until those that run have ended; the rest is cut.
   *
   * @return whether all ended by themselves within {@code limit}
   */
  public boolean drain(Duration limit) {
    draining.set(true);
    health.enterTerminalState();
    fleet.withdraw();
    grpc.shutdown();
    if (http != null) {
      http.stopListening();
    }
    long deadline = System.nanoTime() + limit.toNanos();
    boolean finished = awaitTermination(limit) && awaitNothingInFlight(deadline);
    if (!finished) {
      LOG.warn("router {} cuts {} requests after {}", routerId, inFlight.count(), limit);
      grpc.shutdownNow();
      awaitTermination(CLOSE_LIMIT);
    }
    return finished;
  }

  /** Drains within the configured time, then closes. */
  public void shutdown() {
    drain(config.drainTimeout());
    close();
  }

  /** Cuts everything at once; a second call does nothing. */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    draining.set(true);
    grpc.shutdownNow();
    awaitTermination(CLOSE_LIMIT);
    if (http != null) {
      http.close();
    }
    admin.close();
    closeCore();
  }

  private void closeCore() {
    tls.close();
    fleet.close();
    control.close();
    usage.close(); // While the loops can still say what they counted.
    tokenizers.close();
    loops.close();
    registry.close();
  }

  private boolean awaitNothingInFlight(long deadlineNanos) {
    while (inFlight.count() > 0 && deadlineNanos - System.nanoTime() > 0) {
      LockSupport.parkNanos(DRAIN_POLL_NANOS);
    }
    return inFlight.count() == 0;
  }

  private boolean awaitTermination(Duration limit) {
    try {
      return grpc.awaitTermination(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void onPublished(RoutingTable table) {
    if (!draining.get()) {
      ServingStatus status = table.anyReady() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
      health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
      health.setStatus(InferenceServiceGrpc.SERVICE_NAME, status);
    }
  }

  private Server startGrpc(RequestPath path) throws IOException {
    health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.NOT_SERVING);
    NettyServerBuilder server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(config.grpc().host(), config.grpc().port()))
            .bossEventLoopGroup(loops.group())
            .workerEventLoopGroup(loops.group())
            .channelType(loops.transport().server())
            .directExecutor() // Everything of a call runs on its event loop and never blocks.
            .maxInboundMessageSize(config.limits().maxMessageBytes())
            .permitKeepAliveTime(PERMITTED_PING_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .intercept(new GrpcGate(gate))
            .addService(GenerateService.definition(path))
            .addService(new RoutingEndpoint(path, routerId, fleet::connected, configState, usage))
            .addService(health.getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance());
    SslContext context = tls.grpcDoor();
    if (context != null) {
      server.sslContext(context);
    }
    try {
      return server.build().start();
    } catch (IOException taken) {
      throw new IOException("gRPC: cannot listen on " + config.grpc() + reason(taken), taken);
    }
  }

  private UsageMeter startMetering() throws IOException {
    try {
      return UsageMeter.start(
          config.metering(),
          loops::collectUsage,
          config::prices,
          InstantSource.system(),
          ticker,
          registry);
    } catch (IOException unusable) {
      fleet.close();
      tokenizers.close();
      loops.close();
      throw unusable;
    }
  }

  private @Nullable HttpDoor startHttp(RequestPath path) throws IOException {
    RouterConfig.Listen listen = config.http();
    if (listen == null) {
      return null;
    }
    try {
      return HttpDoor.start(listen, tls.httpDoor(), path, new HttpDoorMetrics(registry));
    } catch (IOException taken) {
      grpc.shutdownNow();
      throw new IOException("HTTP: cannot listen on " + listen + reason(taken), taken);
    }
  }

  private AdminServer startAdmin() throws IOException {
    try {
      return AdminServer.start(config.admin(), registry, this::ready);
    } catch (IOException taken) {
      grpc.shutdownNow();
      if (http != null) {
        http.close();
      }
      throw new IOException("admin: cannot listen on " + config.admin() + reason(taken), taken);
    }
  }

  private static String reason(IOException taken) {
    Throwable cause = taken.getCause() == null ? taken : taken.getCause();
    return ": " + cause.getMessage();
  }

  private static String newId() {
    return "router-" + UUID.randomUUID().toString().substring(0, 8);
  }
}
