package io.warmpath.cli.interop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.warmpath.agent.Agent;
import io.warmpath.agent.AgentConfig;
import io.warmpath.membership.Directory;
import io.warmpath.membership.EmbeddedZooKeeper;
import io.warmpath.membership.MembershipClient;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.router.Router;
import io.warmpath.router.RouterConfig;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import io.warmpath.testkit.Await;
import io.warmpath.v1.FleetReplica;
import io.warmpath.v1.GetFleetRequest;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import io.warmpath.v1.RoutingServiceGrpc;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * ZooKeeper, an agent before each engine, and a router, as a client and as the cluster see them.
 */
final class InteropCluster implements AutoCloseable {

  /** Above what a real engine takes to start on a slow machine. */
  static final Duration LIMIT = Duration.ofMinutes(5);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration SCRAPE_PERIOD = Duration.ofMillis(100);
  private static final Duration SCRAPE_LIMIT = Duration.ofSeconds(2);

  private final EmbeddedZooKeeper zooKeeper;
  private final MembershipClient membership;
  private final Directory directory;
  private final Router router;
  private final ManagedChannel channel;
  private final List<Agent> agents = new ArrayList<>();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private volatile FleetView view = FleetView.EMPTY;

  /** Starts all of it and waits until every engine's replica is ready. */
  InteropCluster(Path dir, List<TestEngine> engines) throws IOException {
    zooKeeper = EmbeddedZooKeeper.start(dir, 0);
    ZooKeeperSettings settings = ZooKeeperSettings.of(zooKeeper.connectString());
    membership = MembershipClient.connect(settings);
    directory = Directory.open(membership, Ticker.system(), "observer", next -> this.view = next);
    router =
        Router.start(
            RouterConfig.of(new RouterConfig.Fleet.ZooKeeper(settings))
                .withHttp(new RouterConfig.Listen("127.0.0.1", 0)));
    channel = NettyChannelBuilder.forAddress("127.0.0.1", router.grpcPort()).usePlaintext().build();
    for (int i = 0; i < engines.size(); i++) {
      agents.add(Agent.start(config(engines.get(i), replica(i), settings)));
    }
    for (int i = 0; i < engines.size(); i++) {
      awaitState(i, ReplicaReport.State.READY);
    }
    Await.until("the router is ready", LIMIT, router::ready);
  }

  private static AgentConfig config(TestEngine engine, String id, ZooKeeperSettings settings) {
    AgentConfig.Engine served =
        new AgentConfig.Engine(engine.url().toString(), id, 1)
            .withKvEvents(engine.events(), engine.replay());
    return AgentConfig.of(List.of(served), settings)
        .withEndpoints(
            AgentConfig.Endpoint.loopback(),
            AgentConfig.Endpoint.loopback(),
            AgentConfig.Endpoint.loopback())
        .with(
            AgentConfig.Queue.DEFAULT,
            AgentConfig.EngineSettings.DEFAULT.withScrapes(SCRAPE_PERIOD, SCRAPE_LIMIT));
  }

  /** The id of replica {@code index}, from 0. */
  static String replica(int index) {
    return "replica-" + index;
  }

  Agent agent(int index) {
    return agents.get(index);
  }

  /** The gRPC door. */
  InferenceServiceBlockingStub grpc() {
    return InferenceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  /** Where the HTTP door is. */
  URI door() {
    return URI.create("http://127.0.0.1:" + router.httpPort());
  }

  /**
   * Waits for a report of replica {@code index} in ZooKeeper that is as wanted, and until the
   * router goes by it or a later one.
   */
  ReplicaReport awaitReport(int index, String what, Predicate<ReplicaReport> wanted) {
    Await.until(replica(index) + ": " + what, LIMIT, () -> find(index).stream().anyMatch(wanted));
    ReplicaReport report = find(index).getFirst();
    Await.until(replica(index) + ": " + what + ", at the router", LIMIT, () -> isTaken(report));
    return report;
  }

  private boolean isTaken(ReplicaReport report) {
    return RoutingServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS)
        .getFleet(GetFleetRequest.getDefaultInstance())
        .getReplicasList()
        .stream()
        .map(FleetReplica::getRecord)
        .filter(record -> record.getReplicaId().equals(report.id()))
        .anyMatch(record ->
            record.getEpoch() > report.epoch()
                || (record.getEpoch() == report.epoch()
                    && record.getSequence() >= report.sequence()));
  }

  ReplicaReport awaitState(int index, ReplicaReport.State state) {
    return awaitReport(index, state.name(), report -> report.state() == state);
  }

  private List<ReplicaReport> find(int index) {
    return view.replicas().stream()
        .map(FleetView.Observed::report)
        .filter(report -> report.id().equals(replica(index)))
        .toList();
  }

  /** An answer of the HTTP door, or of an engine. */
  record Answer(HttpResponse<String> response) {

    int status() {
      return response.statusCode();
    }

    String body() {
      return response.body();
    }

    JsonNode json() {
      return parse(body());
    }

    /** Who served it. */
    String replica() {
      return header("x-warmpath-replica");
    }

    String header(String name) {
      return response.headers().firstValue(name).orElse("");
    }

    /** Prompt tokens that the engine had, -1 when it does not say. */
    int cachedTokens() {
      return json().path("usage").path("prompt_tokens_details").path("cached_tokens").asInt(-1);
    }

    /** The events of a stream that are JSON, the end mark left out. */
    List<JsonNode> events() {
      return body()
          .lines()
          .filter(line -> line.startsWith("data: {"))
          .map(line -> parse(line.substring("data: ".length())))
          .toList();
    }
  }

  private static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException notJson) {
      throw new AssertionError("not JSON: " + text, notJson);
    }
  }

  /** Posts to the door; {@code headers} are names and values in turn. */
  Answer post(String path, String body, String... headers) throws Exception {
    return post(door(), path, body, headers);
  }

  /** Posts to {@code target}, which may be an engine. */
  Answer post(URI target, String path, String body, String... headers) throws Exception {
    return new Answer(
        http.send(request(target, path, body, headers), HttpResponse.BodyHandlers.ofString()));
  }

  /** Posts to the door and returns the answer's body as it comes; closing it hangs up. */
  InputStream open(String path, String body, String... headers) throws Exception {
    HttpResponse<InputStream> response =
        http.send(request(door(), path, body, headers), HttpResponse.BodyHandlers.ofInputStream());
    if (response.statusCode() != 200) {
      throw new AssertionError(new String(response.body().readAllBytes(), StandardCharsets.UTF_8));
    }
    return response.body();
  }

  private static HttpRequest request(URI target, String path, String body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(target.resolve(path))
            .timeout(LIMIT)
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return request.build();
  }

  /**
   * The sum of a metric's series on the page of {@code target} whose lines contain {@code part}.
   */
  double metric(URI target, String name, String part) {
    try {
      HttpResponse<String> page =
          http.send(
              HttpRequest.newBuilder(target.resolve("/metrics")).timeout(LIMIT).build(),
              HttpResponse.BodyHandlers.ofString());
      return page.body()
          .lines()
          .filter(line -> line.startsWith(name) && line.contains(part))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    } catch (IOException failed) {
      throw new AssertionError("no metrics at " + target, failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new AssertionError(interrupted);
    }
  }

  /** The same of the agent of replica {@code index}. */
  double agentMetric(int index, String name, String part) {
    return metric(URI.create("http://127.0.0.1:" + agent(index).adminPort()), name, part);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    http.close();
    router.close();
    agents.forEach(Agent::close);
    directory.close();
    membership.close();
    zooKeeper.close();
  }
}
