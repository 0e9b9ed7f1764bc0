package io.warmpath.agent;

import com.google.errorprone.annotations.Var;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.warmpath.membership.Announcer;
import io.warmpath.membership.MembershipClient;
import io.warmpath.membership.MembershipMetrics;
import io.warmpath.relay.Transport;
import io.warmpath.relay.tls.Tls;
import io.warmpath.relay.tls.TlsSettings;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.State;
import io.warmpath.routing.Ticker;
import io.warmpath.v1.ReplicaServiceGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running agent: one gRPC port and one HTTP relay port in front of one or several engines, each a
 * replica that reports itself to ZooKeeper.
 */
public final class Agent implements AutoCloseable {

  private static final int KEEP_ALIVE_SECONDS = 5;

  private static final Logger log = LoggerFactory.getLogger(Agent.class);

  /** A drain answers this long after its time is up at the latest. */
  private static final Duration DRAIN_GRACE = Duration.ofSeconds(2);

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

  private final AgentConfig config;
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final HealthStatusManager health = new HealthStatusManager();
  private final Map<String, Replica> replicas = new LinkedHashMap<>();
  private final List<Announcer<ReplicaReport>> announcers = new ArrayList<>();
  private final Transport transport = Transport.best();
  private final EventLoopGroup loops;
  private final MembershipClient membership;
  private final MembershipMetrics membershipMetrics = new MembershipMetrics(registry);
  private @Nullable Tls tls;
  private @Nullable Server server;
  private @Nullable RelayServer relay;
  private @Nullable AdminServer admin;
  private boolean closed;

  /** What routers are told to call; written before the replicas start. */
  private volatile Replica.Addresses addresses = new Replica.Addresses("", "");

  private Agent(AgentConfig config, MembershipClient membership) {
    this.config = config;
    this.membership = membership;
    membershipMetrics.watch(membership);
    this.loops =
        new MultiThreadIoEventLoopGroup(
            config.ioThreads(), new DefaultThreadFactory("warmpath-agent", true), transport.io());
  }

  /**
   * Starts an agent. Its engines need not run yet: each replica becomes ready when its engine is.
   *
   * @throws IOException when a port is taken
   * @throws io.warmpath.membership.MembershipException when ZooKeeper cannot be reached
   */
  public static Agent start(AgentConfig config) throws IOException {
    Agent agent = new Agent(config, MembershipClient.connect(config.zookeeper()));
    @Var boolean started = false;
    try {
      agent.startServers();
      started = true;
    } finally {
      if (!started) {
        agent.close();
      }
    }
    return agent;
  }

  private void startServers() throws IOException {
    for (AgentConfig.Engine engine : config.engines()) {
      addReplica(engine);
    }
    admin =
        AdminServer.start(
            config.admin(), registry, this::isReady, () -> drain(config.drainTimeout()));
    startTls();
    Replicas served = new Replicas(replicas);
    server = startGrpc(new ReplicaEndpoint(served, this::drainReplicas));
    relay =
        RelayServer.start(
            config.relay(),
            tls == null ? null : tls.context(List.of("h2")),
            served,
            config.maxMessageBytes(),
            loops,
            registry);
    addresses = advertised();
    replicas.values().forEach(Replica::start);
    log.info("agent at {} serves {}", addresses.grpc(), String.join(", ", replicas.keySet()));
  }

  private void addReplica(AgentConfig.Engine engine) {
    Announcer<ReplicaReport> announcer = Announcer.forReplica(membership);
    announcers.add(announcer);
    membershipMetrics.watch(announcer, engine.replicaId());
    ReplicaMetrics metrics = new ReplicaMetrics(registry, engine.replicaId());
    Replica.Setup setup =
        new Replica.Setup(
            engine,
            () -> addresses,
            config,
            Ticker.system(),
            System::currentTimeMillis,
            metrics,
            this::updateHealth);
    Replica replica = new Replica(setup, loops.next(), new AnnouncerSink(announcer));
    metrics.watch(replica::lastReport);
    replicas.put(engine.replicaId(), replica);
  }

  private void startTls() throws IOException {
    TlsSettings files = config.tls();
    if (files != null) {
      Tls started = Tls.server("listen", files, InstantSource.system(), registry);
      started.follow();
      tls = started;
    }
  }

  private Server startGrpc(ReplicaEndpoint endpoint) throws IOException {
    updateHealth();
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(config.listen().host(), config.listen().port()))
            .bossEventLoopGroup(loops)
            .workerEventLoopGroup(loops)
            .channelType(transport.server())
            // The service only checks a request and hands it over, so it needs no thread of its
            // own.
            .directExecutor()
            .maxInboundMessageSize(config.maxMessageBytes())
            // Routers ping a silent connection each 10 s; gRPC's own default would end it for that.
            .permitKeepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .intercept(new TraceContext())
            .addService(endpoint)
            .addService(health.getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance());
    if (tls != null) {
      builder.sslContext(tls.context(List.of("h2")));
    }
    return builder.build().start();
  }

  private Replica.Addresses advertised() throws UnknownHostException {
    String grpc = config.advertise();
    @Var String http = config.advertiseRelay();
    if (http == null && grpc != null) {
      http = grpc.substring(0, grpc.lastIndexOf(':') + 1) + relayPort();
    }
    return new Replica.Addresses(
        grpc != null ? grpc : defaultAddress(config.listen(), grpcPort()),
        http != null ? http : defaultAddress(config.relay(), relayPort()));
  }

  /** The host that is listened on, or this machine's own when that is every interface. */
  private static String defaultAddress(AgentConfig.Endpoint listen, int port)
      throws UnknownHostException {
    boolean everywhere = InetAddress.getByName(listen.host()).isAnyLocalAddress();
    String host = everywhere ? InetAddress.getLocalHost().getHostAddress() : listen.host();
    return host + ":" + port;
  }

  /** The port of the gRPC service. */
  public int grpcPort() {
    return Objects.requireNonNull(server).getPort();
  }

  /** The port of the HTTP relay. */
  public int relayPort() {
    return Objects.requireNonNull(relay).port();
  }

  /** The port of metrics, health and readiness. */
  public int adminPort() {
    return Objects.requireNonNull(admin).port();
  }

  /** The ids of the replicas, in the order of the config's engines. */
  public List<String> replicaIds() {
    return List.copyOf(replicas.keySet());
  }

  /**
   * Leaves the cluster: announces that no replica takes new requests, and returns when nothing runs
   * or when {@code timeout} is over and the rest was cut off.
   */
  public void drain(Duration timeout) {
    CountDownLatch drained = new CountDownLatch(1);
    drainReplicas(replicas.values(), timeout, (completed, cancelled) -> drained.countDown());
    try {
      if (!drained.await(timeout.plus(DRAIN_GRACE).toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("the drain did not end in time");
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void drainReplicas(
      Collection<Replica> drained, @Nullable Duration timeout, DrainState.Listener whenDone) {
    Duration limit = timeout == null ? config.drainTimeout() : timeout;
    DrainState.Listener sum = new DrainSum(drained.size(), whenDone);
    for (Replica replica : drained) {
      replica.loop().execute(() -> replica.drain(limit, sum));
    }
  }

  private boolean isReady() {
    return replicas.values().stream().anyMatch(replica -> isServing(replica.publishedState()));
  }

  private static boolean isServing(State state) {
    return state == State.READY || state == State.UNKNOWN;
  }

  private void updateHealth() {
    ServingStatus status = isReady() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
    health.setStatus(ReplicaServiceGrpc.SERVICE_NAME, status);
  }

  /** Leaves the cluster at once; what runs is cut off. Drain first to let it finish. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    announcers.forEach(Announcer::close);
    replicas.values().forEach(Replica::stopFollowing);
    replicas.values().forEach(replica -> replica.loop().execute(replica::close));
    Server grpc = server;
    if (grpc != null) {
      grpc.shutdown();
      awaitTermination(grpc);
    }
    if (relay != null) {
      relay.close();
    }
    if (admin != null) {
      admin.close();
    }
    if (tls != null) {
      tls.close();
    }
    membership.close();
    loops
        .shutdownGracefully(0, CLOSE_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
        .awaitUninterruptibly();
  }

  private static void awaitTermination(Server grpc) {
    try {
      if (!grpc.awaitTermination(CLOSE_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        grpc.shutdownNow();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      grpc.shutdownNow();
    }
  }

  /** Adds up the drains of several replicas. */
  private static final class DrainSum implements DrainState.Listener {
    private final AtomicInteger left;
    private final AtomicInteger completed = new AtomicInteger();
    private final AtomicInteger cancelled = new AtomicInteger();
    private final DrainState.Listener whenDone;

    DrainSum(int replicas, DrainState.Listener whenDone) {
      this.left = new AtomicInteger(replicas);
      this.whenDone = whenDone;
    }

    @Override
    public void onDrained(int ofCompleted, int ofCancelled) {
      completed.addAndGet(ofCompleted);
      cancelled.addAndGet(ofCancelled);
      if (left.decrementAndGet() == 0) {
        whenDone.onDrained(completed.get(), cancelled.get());
      }
    }
  }

  /** Reports go to ZooKeeper. */
  private record AnnouncerSink(Announcer<ReplicaReport> announcer) implements Reporter.Sink {
    @Override
    public void announce(ReplicaReport report) {
      announcer.announce(report);
    }

    @Override
    public int fleetSize() {
      return announcer.fleetSize();
    }
  }
}
