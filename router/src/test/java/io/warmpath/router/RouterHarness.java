package io.warmpath.router;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.Await;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.TokenIds;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** A router over fixed replicas whose placement is recorded, and a client of it. */
final class RouterHarness implements AutoCloseable {

  static final Duration LIMIT = Duration.ofSeconds(10);

  final CountingPlacement placement = new CountingPlacement();
  final Router router;
  final ManagedChannel channel;

  RouterHarness(FakeAgent... agents) throws IOException {
    this(config(Arrays.stream(agents).map(FakeAgent::report).toArray(ReplicaReport[]::new)));
  }

  RouterHarness(RouterConfig config) throws IOException {
    this(config, true);
  }

  private RouterHarness(RouterConfig config, boolean awaitReady) throws IOException {
    router = Router.start(config, (policy, settings, ticker, seed) -> placement);
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", router.grpcPort())
            .usePlaintext()
            .flowControlWindow(64 * 1024)
            .build();
    if (awaitReady) {
      Await.until("the first view", LIMIT, router::ready);
    }
  }

  /** Starts a router that need not become ready. */
  static RouterHarness withoutWaiting(RouterConfig config) throws IOException {
    return new RouterHarness(config, false);
  }

  static RouterConfig config(ReplicaReport... replicas) {
    return RouterConfig.of(new RouterConfig.Fleet.Fixed(List.of(replicas)));
  }

  InferenceServiceGrpc.InferenceServiceBlockingStub client() {
    return InferenceServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  /** Sends a request and reads the whole answer. */
  List<GenerateResponse> generate(GenerateRequest request) {
    List<GenerateResponse> answer = new ArrayList<>();
    client().generate(request).forEachRemaining(answer::add);
    return answer;
  }

  static GenerateRequest prompt(int tokens) {
    return GenerateRequest.newBuilder()
        .setModel(FakeAgent.MODEL)
        .setTokenIds(TokenIds.newBuilder().addAllIds(IntStream.range(0, tokens).boxed().toList()))
        .build();
  }

  /** Waits until the router holds nothing, then returns the outcomes of all leases, flat. */
  List<Class<?>> outcomes() {
    Await.until("nothing in flight", LIMIT, () -> router.inFlight() == 0);
    List<Class<?>> outcomes = new ArrayList<>();
    placement.leases().forEach(l -> l.outcomes.forEach(o -> outcomes.add(o.getClass())));
    return outcomes;
  }

  /** The body of an admin page. */
  String admin(String path) throws IOException, InterruptedException {
    return adminResponse(path).body();
  }

  HttpResponse<String> adminResponse(String path) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + router.adminPort() + path))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
    router.close();
  }
}
