package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import io.warmpath.testkit.Await;
import io.warmpath.v1.FleetReplica;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.GetFleetRequest;
import io.warmpath.v1.GetFleetResponse;
import io.warmpath.v1.RouteRequest;
import io.warmpath.v1.RouteResponse;
import io.warmpath.v1.RoutingServiceGrpc;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The router as a whole: doors, life cycle, and real placements. */
final class RouterTest {

  @Test
  void health_followsTheFleet() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(agent);
        RouterHarness empty = emptyFleet()) {
      assertThat(health(harness)).isEqualTo(ServingStatus.SERVING);
      assertThat(harness.adminResponse("/ready").statusCode()).isEqualTo(200);
      assertThat(harness.adminResponse("/health").statusCode()).isEqualTo(200);
      assertThat(harness.adminResponse("/nothing").statusCode()).isEqualTo(404);

      assertThat(health(empty)).isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(empty.adminResponse("/ready").statusCode()).isEqualTo(503);
      assertThat(empty.adminResponse("/health").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void reflection_knowsTheServicesAndTheirFiles() throws Exception {
    try (RouterHarness harness = emptyFleet()) {
      assertThat(
              reflect(
                      harness,
                      ServerReflectionRequest.newBuilder()
                          .setFileContainingSymbol("warmpath.v1.InferenceService")
                          .build())
                  .getFileDescriptorResponse()
                  .getFileDescriptorProtoCount())
          .isPositive();
      assertThat(
              reflect(harness, ServerReflectionRequest.newBuilder().setListServices("").build())
                  .getListServicesResponse()
                  .getServiceList())
          .extracting(s -> s.getName())
          .contains("warmpath.v1.InferenceService", "warmpath.v1.RoutingService");
    }
  }

  @Test
  void metrics_afterARequest_showHitRateBesideFirstTokenTime() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("one", "two"));
        RouterHarness harness = new RouterHarness(agent)) {
      harness.generate(RouterHarness.prompt(300));
      harness.outcomes();

      assertThat(harness.admin("/metrics"))
          .contains("warmpath_router_requests_total{model=\"m\",outcome=\"completed\"} 1.0")
          .contains("warmpath_router_tokens_total{kind=\"prompt\",model=\"m\"} 300.0")
          .contains("warmpath_router_tokens_total{kind=\"cached\",model=\"m\"} 128.0")
          .contains("warmpath_router_tokens_total{kind=\"computed\",model=\"m\"} 172.0")
          .contains("warmpath_router_tokens_total{kind=\"completion\",model=\"m\"} 2.0")
          .contains("warmpath_router_ttft_seconds_count{cached=\"true\",model=\"m\"} 1")
          .contains("warmpath_router_placements_total{model=\"m\",reason=\"replica_set\"} 1.0")
          .contains("warmpath_router_decision_seconds_count{model=\"m\"} 1")
          .contains("warmpath_router_attempts_count{model=\"m\"} 1")
          .contains("warmpath_router_in_flight 0.0")
          .contains("warmpath_router_membership_connected 1.0")
          .contains("warmpath_router_replicas{state=\"ready\"} 1.0");
    }
  }

  @Test
  void drain_letsRunningRequestsEnd_andTakesNoNewOnes() throws Exception {
    try (FakeAgent agent =
            FakeAgent.start(
                "a",
                call -> {
                  call.placement(0);
                  call.delta("half");
                });
        RouterHarness harness = new RouterHarness(agent)) {
      Iterator<GenerateResponse> answer = harness.client().generate(RouterHarness.prompt(300));
      answer.next();
      FakeAgent.Call call = agent.nextCall();
      CompletableFuture<Boolean> drained =
          CompletableFuture.supplyAsync(() -> harness.router.drain(Duration.ofSeconds(10)));
      Await.until("not ready", RouterHarness.LIMIT, () -> !harness.router.ready());
      ManagedChannel fresh =
          NettyChannelBuilder.forAddress("127.0.0.1", harness.router.grpcPort())
              .usePlaintext()
              .build();
      Await.until("refuses new connections", RouterHarness.LIMIT, () -> refuses(fresh));
      fresh.shutdownNow();

      call.delta("whole");
      call.completed(2, 0);
      call.end();
      assertThat(answer.next().hasDelta()).isTrue();
      assertThat(answer.next().hasDelta()).isTrue();
      assertThat(answer.next().hasCompleted()).isTrue();
      assertThat(drained.get(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void drain_pastItsLimit_cutsWhatRuns() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.stalls());
        RouterHarness harness = new RouterHarness(agent)) {
      SlowClient client = SlowClient.start(harness, RouterHarness.prompt(300));
      FakeAgent.Call call = agent.nextCall();

      assertThat(harness.router.drain(Duration.ofMillis(50))).isFalse();
      assertThat(call.awaitCancelled()).isTrue();
      assertThat(client.status().isOk()).isFalse();
      harness.outcomes();
    }
  }

  @Test
  void port_taken_isOneSentence() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      RouterConfig config =
          RouterHarness.config()
              .listening(
                  new RouterConfig.Listen("0.0.0.0", taken.getLocalPort()),
                  new RouterConfig.Listen("127.0.0.1", 0));
      assertThatThrownBy(() -> Router.start(config))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("gRPC: cannot listen on 0.0.0.0:" + taken.getLocalPort())
          .hasMessageContaining("in use");
    }
  }

  @Test
  void adminPort_taken_isOneSentence() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      RouterConfig config =
          RouterHarness.config()
              .listening(
                  new RouterConfig.Listen("127.0.0.1", 0),
                  new RouterConfig.Listen("0.0.0.0", taken.getLocalPort()));
      assertThatThrownBy(() -> Router.start(config))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("admin: cannot listen on 0.0.0.0:" + taken.getLocalPort());
    }
  }

  @Test
  void policies_all_serveAndExplain() throws Exception {
    for (io.warmpath.routing.Policy policy : io.warmpath.routing.Policy.values()) {
      if (policy.needsCacheIndex()) {
        continue;
      }
      try (FakeAgent a = FakeAgent.start("a", FakeAgent.says("x"));
          FakeAgent b = FakeAgent.start("b", FakeAgent.says("x"));
          Router router =
              Router.start(
                  RouterHarness.config(a.report(), b.report())
                      .withDefaultModel(
                          new RouterConfig.Model(
                              policy, io.warmpath.routing.PlacementConfig.DEFAULT, 10_000)))) {
        Await.until("the first view", RouterHarness.LIMIT, router::ready);
        ManagedChannel channel =
            NettyChannelBuilder.forAddress("127.0.0.1", router.grpcPort()).usePlaintext().build();
        RoutingServiceGrpc.RoutingServiceBlockingStub routing =
            RoutingServiceGrpc.newBlockingStub(channel);
        RouteRequest request =
            RouteRequest.newBuilder().setRequest(RouterHarness.prompt(300)).build();

        RouteResponse route = routing.route(request);
        assertThat(route.getPlacement().getReplicaId()).isIn("a", "b");
        assertThat(route.getAddress()).isIn(a.address(), b.address());
        assertThat(routing.explain(request).getDecision().getPolicy()).isEqualTo(policy.id());
        GetFleetResponse fleet = routing.getFleet(GetFleetRequest.getDefaultInstance());
        assertThat(fleet.getRouterId()).isEqualTo(router.routerId());
        assertThat(fleet.getReplicasList())
            .extracting(r -> r.getRecord().getReplicaId())
            .containsExactlyInAnyOrder("a", "b");
        assertThat(fleet.getReplicasList()).noneMatch(FleetReplica::getEjected);
        assertThat(fleet.getReplicasList()).allMatch(r -> r.getInFlight() == 0);
        channel.shutdownNow();
      }
    }
  }

  private static RouterHarness emptyFleet() throws IOException {
    return RouterHarness.withoutWaiting(RouterHarness.config());
  }

  private static boolean refuses(ManagedChannel channel) {
    try {
      HealthGrpc.newBlockingStub(channel)
          .withDeadlineAfter(5, TimeUnit.SECONDS)
          .check(HealthCheckRequest.getDefaultInstance());
      return false;
    } catch (io.grpc.StatusRuntimeException refused) {
      return refused.getStatus().getCode() == io.grpc.Status.Code.UNAVAILABLE;
    }
  }

  private static ServingStatus health(RouterHarness harness) {
    return HealthGrpc.newBlockingStub(harness.channel)
        .check(HealthCheckRequest.getDefaultInstance())
        .getStatus();
  }

  private static ServerReflectionResponse reflect(
      RouterHarness harness, ServerReflectionRequest request) throws Exception {
    CompletableFuture<ServerReflectionResponse> response = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(harness.channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse value) {
                    response.complete(value);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    response.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(request);
    requests.onCompleted();
    return response.get(10, TimeUnit.SECONDS);
  }
}
