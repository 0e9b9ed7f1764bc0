package io.warmpath.agent;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.warmpath.membership.Directory;
import io.warmpath.membership.EmbeddedZooKeeper;
import io.warmpath.membership.MembershipClient;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import io.warmpath.testkit.Await;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.ReplicaServiceGrpc;
import io.warmpath.v1.TokenIds;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** An agent between a real ZooKeeper and engines, as a router sees it. */
final class AgentFixture implements AutoCloseable {

  static final Duration LIMIT = Duration.ofSeconds(20);

  final EmbeddedZooKeeper zooKeeper;
  final MembershipClient membership;
  final Agent agent;
  private final Directory directory;
  private final ManagedChannel channel;
  private volatile FleetView view = FleetView.EMPTY;

  AgentFixture(Path dir, AgentConfig.Queue queue, String engineUrl) throws IOException {
    this(dir, queue, List.of(new AgentConfig.Engine(engineUrl, "replica-0", 1)));
  }

  AgentFixture(Path dir, AgentConfig.Queue queue, List<AgentConfig.Engine> engines)
      throws IOException {
    this(dir, queue, engines, Duration.ofMillis(50));
  }

  AgentFixture(
      Path dir, AgentConfig.Queue queue, List<AgentConfig.Engine> engines, Duration scrapePeriod)
      throws IOException {
    zooKeeper = EmbeddedZooKeeper.start(dir, 0);
    ZooKeeperSettings settings = ZooKeeperSettings.of(zooKeeper.connectString());
    membership = MembershipClient.connect(settings);
    directory =
        Directory.open(membership, Ticker.system(), "test-router", next -> this.view = next);
    agent =
        Agent.start(
            AgentConfig.of(engines, settings)
                .withEndpoints(
                    AgentConfig.Endpoint.loopback(),
                    AgentConfig.Endpoint.loopback(),
                    AgentConfig.Endpoint.loopback())
                .with(
                    queue,
                    AgentConfig.EngineSettings.DEFAULT.withScrapes(
                        scrapePeriod, Duration.ofMillis(500))));
    channel = NettyChannelBuilder.forAddress("127.0.0.1", agent.grpcPort()).usePlaintext().build();
  }

  Channel channel() {
    return channel;
  }

  /** Waits for a report of {@code replicaId} in ZooKeeper that is as wanted. */
  ReplicaReport awaitReport(String replicaId, Predicate<ReplicaReport> wanted) {
    Await.until("a report of " + replicaId, LIMIT, () -> find(replicaId).stream().anyMatch(wanted));
    return find(replicaId).getFirst();
  }

  ReplicaReport awaitState(String replicaId, ReplicaReport.State state) {
    return awaitReport(replicaId, report -> report.state() == state);
  }

  void awaitGone(String replicaId) {
    Await.until(replicaId + " gone", LIMIT, () -> find(replicaId).isEmpty());
  }

  private List<ReplicaReport> find(String replicaId) {
    return view.replicas().stream()
        .map(FleetView.Observed::report)
        .filter(report -> report.id().equals(replicaId))
        .toList();
  }

  static ReplicaGenerateRequest request() {
    TokenIds.Builder ids = TokenIds.newBuilder();
    for (int i = 0; i < 2000; i++) {
      ids.addIds(i);
    }
    ReplicaGenerateRequest.Builder request =
        ReplicaGenerateRequest.newBuilder()
            .setReplicaId("replica-0")
            .setRequest(GenerateRequest.newBuilder().setModel("m").setTokenIds(ids))
            .setPromptTokens(2000)
            .setExpectedCachedTokens(1000)
            .setFamily(77);
    for (int i = 0; i < 15; i++) {
      request.addStepHashes(1000 + i);
    }
    return request.build();
  }

  Call start(ReplicaGenerateRequest request) {
    Call call = new Call();
    ReplicaServiceGrpc.newStub(channel).generate(request, call);
    return call;
  }

  String admin(String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + agent.adminPort() + path);
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> response =
          client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
      return response.statusCode() + " " + response.body();
    }
  }

  /** The value of a metric of replica 0 whose line contains {@code part}. */
  double metric(String name, String part) throws IOException, InterruptedException {
    return admin("/metrics")
        .lines()
        .filter(line -> line.startsWith(name) && line.contains(part))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    agent.close();
    directory.close();
    membership.close();
    zooKeeper.close();
  }

  /** One call as a client sees it. */
  static final class Call
      implements ClientResponseObserver<ReplicaGenerateRequest, ReplicaGenerateResponse> {

    private final BlockingQueue<ReplicaGenerateResponse> messages = new LinkedBlockingQueue<>();
    private final CompletableFuture<Status> end = new CompletableFuture<>();
    private volatile @Nullable ClientCallStreamObserver<ReplicaGenerateRequest> stream;

    @Override
    public void beforeStart(ClientCallStreamObserver<ReplicaGenerateRequest> requests) {
      stream = requests;
    }

    @Override
    public void onNext(ReplicaGenerateResponse message) {
      messages.add(message);
    }

    @Override
    public void onError(Throwable error) {
      end.complete(Status.fromThrowable(error));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }

    ReplicaGenerateResponse next() throws InterruptedException {
      ReplicaGenerateResponse message = messages.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
      if (message == null) {
        throw new AssertionError("no message; the call ended with " + end.getNow(null));
      }
      return message;
    }

    Status end() throws Exception {
      return end.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    List<ReplicaGenerateResponse> all() throws Exception {
      var _ = end();
      return List.copyOf(messages);
    }

    void cancel() {
      Objects.requireNonNull(stream).cancel("test", null);
    }
  }
}
