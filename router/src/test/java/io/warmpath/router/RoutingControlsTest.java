package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickRequest.Constraints;
import io.warmpath.routing.PickRequest.Sort;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Policy;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.Await;
import io.warmpath.v1.Decision;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.PlacementReason;
import io.warmpath.v1.RouteRequest;
import io.warmpath.v1.RoutingControls;
import io.warmpath.v1.RoutingServiceGrpc;
import io.warmpath.v1.RoutingSort;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The client's explicit routing, by body, headers and gRPC fields. */
final class RoutingControlsTest {

  private static final Constraints LATENCY =
      new Constraints(List.of(), List.of(), List.of(), true, Sort.LATENCY);

  @Test
  void http_bodyAndHeaders_areReadAndHeadersWin() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(relay)) {
      assertThat(constraints(harness, "", "")).isNull();
      assertThat(constraints(harness, "{\"sort\":\"latency\"}", "")).isEqualTo(LATENCY);
      assertThat(constraints(harness, "{\"sort\":\"throughput\"}", "latency")).isEqualTo(LATENCY);
      assertThat(
              constraints(
                  harness,
                  "{\"only\":[\"a\"],\"ignore\":[\"b\"],\"order\":[\"c\"],"
                      + "\"allow_fallbacks\":false,\"sort\":\"throughput\"}",
                  ""))
          .isEqualTo(
              new Constraints(List.of("a"), List.of("b"), List.of("c"), false, Sort.THROUGHPUT));
    }
  }

  @Test
  void http_anotherSort_isABadRequestThatSaysWhatIsAllowed() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(relay)) {
      HttpResponse<String> price = post(harness, "{\"sort\":\"price\"}", "");
      assertThat(price.statusCode()).isEqualTo(400);
      assertThat(price.body())
          .isEqualTo(
              "{\"error\":{\"message\":\"provider.sort is 'price'; allowed are latency and"
                  + " throughput, since replicas have no prices\","
                  + "\"type\":\"invalid_request_error\","
                  + "\"param\":\"provider.sort\",\"code\":null}}");
      assertThat(post(harness, "{\"sort\":[1, 2]}", "").body())
          .contains("provider.sort is '[1,2]'; allowed are latency and throughput\"");
      assertThat(post(harness, "", "Latency").body())
          .contains("x-warmpath-sort is 'Latency'; allowed are latency and throughput\"");
      assertThat(harness.placement.leases()).isEmpty();
    }
  }

  @Test
  void grpc_sort_isReadAndAnUnknownOneIsRefused() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(agent)) {
      harness.generate(sorted(RoutingSort.ROUTING_SORT_LATENCY_VALUE));
      assertThat(harness.placement.leases().getLast().request.constraints()).isEqualTo(LATENCY);
      assertThatThrownBy(() -> harness.generate(sorted(3)))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              refused -> {
                assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
                assertThat(refused.getStatus().getDescription())
                    .isEqualTo(
                        "routing.sort is 3; allowed are ROUTING_SORT_LATENCY and"
                            + " ROUTING_SORT_THROUGHPUT");
              });
    }
  }

  @Test
  void grpc_metadata_saysTheSameAsTheHeadersUnlessTheMessageDoes() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(agent)) {
      Metadata metadata = new Metadata();
      put(metadata, "x-warmpath-only", "a, b");
      put(metadata, "x-warmpath-allow-fallbacks", "false");
      put(metadata, "x-conversation-id", "one");
      var client =
          harness.client().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
      client.generate(RouterHarness.prompt(300)).forEachRemaining(message -> {});
      PickRequest picked = harness.placement.leases().getLast().request;
      assertThat(picked.constraints())
          .isEqualTo(new Constraints(List.of("a", "b"), List.of(), List.of(), false));
      assertThat(picked.session()).isNotZero();

      client
          .generate(sorted(RoutingSort.ROUTING_SORT_LATENCY_VALUE))
          .forEachRemaining(message -> {});
      assertThat(harness.placement.leases().getLast().request.constraints()).isEqualTo(LATENCY);

      put(metadata, "x-warmpath-sort", "price");
      assertThatThrownBy(() -> client.generate(RouterHarness.prompt(300)).hasNext())
          .hasMessageContaining("INVALID_ARGUMENT: x-warmpath-sort is 'price'; allowed are");
    }
  }

  private static void put(Metadata metadata, String name, String value) {
    metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
  }

  @Test
  void http_fallbacksThatAreNeitherTrueNorFalse_areABadRequest() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(relay)) {
      HttpRequest request =
          HttpRequest.newBuilder(
                  URI.create("http://127.0.0.1:" + harness.router.httpPort() + "/v1/completions"))
              .header("x-warmpath-only", "a")
              .header("x-warmpath-allow-fallbacks", "maybe")
              .POST(HttpRequest.BodyPublishers.ofString("{\"model\":\"m\",\"prompt\":\"Why?\"}"))
              .build();
      try (HttpClient client = HttpClient.newHttpClient()) {
        HttpResponse<String> refused = client.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body())
            .contains("x-warmpath-allow-fallbacks is 'maybe'; allowed are true and false")
            .contains("\"param\":\"x-warmpath-allow-fallbacks\"");
      }
    }
  }

  @Test
  void explain_sorted_saysSo() throws Exception {
    try (FakeAgent a = FakeAgent.start("a", FakeAgent.says("x"));
        FakeAgent b = FakeAgent.start("b", FakeAgent.says("x"));
        Router router =
            Router.start(
                RouterHarness.config(a.report(), b.report())
                    .withDefaultModel(
                        new RouterConfig.Model(
                            Policy.WARMPATH, PlacementConfig.DEFAULT, 10_000)))) {
      Await.until("the first view", RouterHarness.LIMIT, router::ready);
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", router.grpcPort()).usePlaintext().build();
      Decision decision =
          RoutingServiceGrpc.newBlockingStub(channel)
              .explain(
                  RouteRequest.newBuilder()
                      .setRequest(sorted(RoutingSort.ROUTING_SORT_THROUGHPUT_VALUE))
                      .build())
              .getDecision();
      channel.shutdownNow();
      assertThat(decision.getSort()).isEqualTo(RoutingSort.ROUTING_SORT_THROUGHPUT);
      assertThat(decision.getReason()).isEqualTo(PlacementReason.PLACEMENT_REASON_EXPLICIT);
      assertThat(decision.getCandidatesCount()).isEqualTo(2);
    }
  }

  private static GenerateRequest sorted(int sort) {
    return RouterHarness.prompt(300).toBuilder()
        .setRouting(RoutingControls.newBuilder().setSortValue(sort))
        .build();
  }

  /** Sends a request that is served and returns what the decision was given. */
  private static @Nullable Constraints constraints(
      RouterHarness harness, String provider, String sort) throws Exception {
    assertThat(post(harness, provider, sort).statusCode()).isEqualTo(200);
    return harness.placement.leases().getLast().request.constraints();
  }

  private static HttpResponse<String> post(RouterHarness harness, String provider, String sort)
      throws Exception {
    String member = provider.isEmpty() ? "" : ",\"provider\":" + provider;
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + harness.router.httpPort() + "/v1/completions"))
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"model\":\"m\",\"prompt\":\"p\"" + member + "}"));
    if (!sort.isEmpty()) {
      request.header("x-warmpath-sort", sort);
    }
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  private static RouterHarness harness(FakeRelay relay) throws Exception {
    ReplicaReport report = relay.report();
    return new RouterHarness(
        RouterHarness.config(report).withHttp(new RouterConfig.Listen("127.0.0.1", 0)));
  }
}
