package io.warmpath.router;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.AbstractBlockingStub;
import io.grpc.stub.MetadataUtils;
import io.warmpath.v1.Affinity;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GetFleetRequest;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.RoutingServiceGrpc;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** API keys at both front doors, over real sockets. */
final class GateTest {

  private static final String ACME = "sk-acme-0123456789abcdef";
  private static final String OPS = "sk-ops-0123456789abcdef";
  private static final String PASSING = "sk-passing-0123456789abcdef";
  private static final String BODY = "{\"model\":\"m\",\"prompt\":\"x\"}";

  private static Tenant tenant(String name, String key, boolean operator, boolean passesKey)
      throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(UTF_8));
    return new Tenant(name, Set.of(HexFormat.of().formatHex(hash)), operator, passesKey);
  }

  private static Access access() throws Exception {
    return new Access(
        null,
        List.of(
            tenant("acme", ACME, false, false),
            tenant("ops", OPS, true, false),
            tenant("passing", PASSING, false, true)));
  }

  private static RouterHarness harness(FakeRelay relay) throws Exception {
    return new RouterHarness(
        RouterHarness.config(relay.report())
            .withHttp(new RouterConfig.Listen("127.0.0.1", 0))
            .withAccess(access()));
  }

  private static FakeRelay relay() throws Exception {
    return FakeRelay.start("a", FakeRelay.answers(200, "application/json", "{}"));
  }

  private static HttpResponse<String> post(RouterHarness to, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(to, "/v1/completions"))
            .POST(HttpRequest.BodyPublishers.ofString(BODY));
    return send(headers.length == 0 ? request : request.headers(headers));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  private static URI uri(RouterHarness to, String path) {
    return URI.create("http://127.0.0.1:" + to.router.httpPort() + path);
  }

  // ---- HTTP

  @Test
  void http_withoutAKnownKey_is401InOpenAisWords() throws Exception {
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(relay)) {
      for (String[] headers :
          List.of(
              new String[] {},
              new String[] {"authorization", "Bearer sk-wrong"},
              new String[] {"authorization", "Basic " + ACME},
              new String[] {"authorization", "Bearer "},
              new String[] {"authorization", "Bearer sk-wrong", "x-api-key", ACME},
              new String[] {"x-api-key", "x".repeat(600)})) {
        HttpResponse<String> answer = post(harness, headers);
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.headers().firstValue("www-authenticate")).hasValue("Bearer");
        assertThat(answer.body())
            .contains("\"code\":\"invalid_api_key\"")
            .doesNotContain("sk-wrong")
            .doesNotContain(ACME);
      }
      assertThat(send(HttpRequest.newBuilder(uri(harness, "/v1/models"))).statusCode())
          .isEqualTo(401);
      assertThat(relay.requestsWaiting()).isZero();
      assertThat(harness.admin("/metrics"))
          .contains("warmpath_router_key_refusals_total{reason=\"missing_key\"} 2.0")
          .contains("warmpath_router_key_refusals_total{reason=\"unknown_key\"} 5.0")
          .doesNotContain("sk-");
    }
  }

  @Test
  void http_withAKey_isItsTenantsAndTheEngineDoesNotSeeIt() throws Exception {
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(relay)) {
      assertThat(post(harness, "authorization", "Bearer " + ACME).statusCode()).isEqualTo(200);
      assertThat(relay.nextRequest().headers())
          .containsEntry("x-tenant-id", "acme")
          .doesNotContainKeys("authorization", "x-api-key");

      assertThat(post(harness, "x-api-key", ACME).statusCode()).isEqualTo(200);
      assertThat(relay.nextRequest().headers())
          .containsEntry("x-tenant-id", "acme")
          .doesNotContainKeys("authorization", "x-api-key");

      assertThat(post(harness, "authorization", "bearer " + PASSING).statusCode()).isEqualTo(200);
      assertThat(relay.nextRequest().headers())
          .containsEntry("authorization", "bearer " + PASSING)
          .containsEntry("x-tenant-id", "passing");
      assertThat(harness.admin("/metrics")).doesNotContain("sk-");
    }
  }

  @Test
  void http_thatNamesAnotherTenant_isForbidden() throws Exception {
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(relay)) {
      String key = "Bearer " + ACME;
      assertThat(post(harness, "authorization", key, "x-tenant-id", "ops").statusCode())
          .isEqualTo(403);
      assertThat(
              post(harness, "authorization", key, "x-tenant-id", "acme", "x-tenant-id", "ops")
                  .statusCode())
          .isEqualTo(403);
      assertThat(post(harness, "authorization", key, "x-tenant-id", "acme").statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void http_health_needsNoKey() throws Exception {
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(relay)) {
      for (String path : List.of("/health", "/ready", "/health?x=1")) {
        assertThat(send(HttpRequest.newBuilder(uri(harness, path))).statusCode()).isEqualTo(200);
      }
      assertThat(
              send(HttpRequest.newBuilder(uri(harness, "/health"))
                      .POST(HttpRequest.BodyPublishers.ofString("x")))
                  .statusCode())
          .isEqualTo(401);
    }
  }

  @Test
  void http_refusedBody_ofAnyLength_isReadAndTheConnectionGoesOn() throws Exception {
    for (HttpClient.Version version :
        List.of(HttpClient.Version.HTTP_1_1, HttpClient.Version.HTTP_2)) {
      try (FakeRelay relay = relay();
          RouterHarness harness = harness(relay);
          HttpClient client = HttpClient.newBuilder().version(version).build()) {
        HttpRequest.Builder request =
            HttpRequest.newBuilder(uri(harness, "/v1/completions"))
                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[4 << 20]));
        assertThat(client.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode())
            .isEqualTo(401);
        HttpRequest good =
            HttpRequest.newBuilder(uri(harness, "/v1/completions"))
                .header("authorization", "Bearer " + ACME)
                .POST(HttpRequest.BodyPublishers.ofString(BODY))
                .build();
        assertThat(client.send(good, HttpResponse.BodyHandlers.ofString()).statusCode())
            .isEqualTo(200);
      }
    }
  }

  // ---- gRPC

  private static <S extends AbstractBlockingStub<S>> S with(S stub, String... headers) {
    Metadata metadata = new Metadata();
    for (int i = 0; i < headers.length; i += 2) {
      metadata.put(Metadata.Key.of(headers[i], Metadata.ASCII_STRING_MARSHALLER), headers[i + 1]);
    }
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  private static Status generate(RouterHarness to, GenerateRequest request, String... headers) {
    try {
      with(InferenceServiceGrpc.newBlockingStub(to.channel), headers)
          .generate(request)
          .forEachRemaining(answer -> {});
      return Status.OK;
    } catch (StatusRuntimeException refused) {
      return refused.getStatus();
    }
  }

  private static GenerateRequest as(String tenant) {
    return RouterHarness.prompt(300).toBuilder()
        .setAffinity(Affinity.newBuilder().setTenant(tenant))
        .build();
  }

  @Test
  void grpc_needsAKnownKeyAndItsOwnTenant() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness =
            new RouterHarness(RouterHarness.config(agent.report()).withAccess(access()))) {
      GenerateRequest plain = RouterHarness.prompt(300);
      String[] key = {"authorization", "Bearer " + ACME};
      assertThat(generate(harness, plain).getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
      Status wrong = generate(harness, plain, "authorization", "Bearer sk-wrong");
      assertThat(wrong.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
      assertThat(wrong.getDescription()).doesNotContain("sk-wrong");
      assertThat(generate(harness, plain, key).isOk()).isTrue();
      assertThat(generate(harness, as("acme"), key).isOk()).isTrue();
      assertThat(generate(harness, as("ops"), key).getCode())
          .isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(agent.callsWaiting()).isEqualTo(2);
    }
  }

  @Test
  void grpc_fleet_isForOperatorsAndHealthForAll() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness =
            new RouterHarness(RouterHarness.config(agent.report()).withAccess(access()))) {
      RoutingServiceGrpc.RoutingServiceBlockingStub routing =
          RoutingServiceGrpc.newBlockingStub(harness.channel);
      GetFleetRequest fleet = GetFleetRequest.getDefaultInstance();
      assertThat(with(routing, "authorization", "Bearer " + OPS).getFleet(fleet).getReplicasCount())
          .isEqualTo(1);
      StatusRuntimeException denied =
          catchThrowableOfType(
              StatusRuntimeException.class,
              () -> with(routing, "authorization", "Bearer " + ACME).getFleet(fleet));
      assertThat(denied.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThatThrownBy(() -> routing.getFleet(fleet)).isInstanceOf(StatusRuntimeException.class);
      assertThat(
              HealthGrpc.newBlockingStub(harness.channel)
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
    }
  }

  // ---- changes

  @Test
  void tenants_changedWhileItRuns_holdFromTheNextRequestOn() throws Exception {
    try (FakeRelay relay = relay();
        RouterHarness harness = harness(relay)) {
      RouterConfig config =
          RouterHarness.config(relay.report()).withHttp(new RouterConfig.Listen("127.0.0.1", 0));
      String[] key = {"authorization", "Bearer " + ACME};
      Access renewed = new Access(null, List.of(tenant("acme", OPS, false, false)));
      assertThat(harness.router.reload(config.withAccess(renewed))).isEmpty();
      assertThat(post(harness, key).statusCode()).isEqualTo(401);
      assertThat(post(harness, "authorization", "Bearer " + OPS).statusCode()).isEqualTo(200);

      assertThat(harness.router.reload(config.withAccess(Access.OPEN))).isEmpty();
      assertThat(post(harness).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void access_withAKeyOfTwoTenants_isRefused() throws Exception {
    Tenant one = tenant("one", ACME, false, false);
    Tenant two = tenant("two", ACME, false, false);
    assertThatThrownBy(() -> new Access(null, List.of(one, two)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tenant two");
    assertThatThrownBy(() -> new Access(null, List.of(one, one)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("twice");
  }
}
