package io.warmpath.cli.secure;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.warmpath.cli.Run;
import io.warmpath.relay.tls.TlsSettings;
import io.warmpath.router.Access;
import io.warmpath.router.Router;
import io.warmpath.router.RouterConfig;
import io.warmpath.testkit.Await;
import io.warmpath.testkit.TestAuthority;
import io.warmpath.testkit.TestAuthority.Pair;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.SamplingParams;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS at the front doors, with and without clients' certificates, and from routers to agents. */
@Timeout(120)
final class TlsClusterTest {

  private static final Duration CHECKS = Duration.ofMillis(100);

  /** Agents' certificates name this, not their addresses. */
  private static final String AGENTS = "agents.warmpath";

  @TempDir private static Path folder;
  private static TestAuthority authority;
  private static Path ca;
  private static X509Bundle clientBundle;
  private static Pair clientPair;
  private static SecureCluster cluster;
  private static Router router;
  private static SSLContext trusted;
  private static SSLContext stranger;

  @BeforeAll
  static void start() throws Exception {
    authority = TestAuthority.named("warmpath test");
    ca = authority.writeCertificate(folder.resolve("ca.crt"));
    clientBundle = authority.issue("client", Algorithm.ecp256);
    clientPair = TestAuthority.write(folder.resolve("client"), clientBundle);
    trusted = authority.clientContext(clientBundle);
    stranger = authority.clientContext(null);
    cluster =
        new SecureCluster(
            folder.resolve("zookeeper"),
            server(authority.write(folder.resolve("agent"), AGENTS), ca));
    router = router("door", AGENTS);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  /** Starts a router whose files are below {@code name}; its clients need a certificate. */
  private static Router router(String name, String agentName) throws Exception {
    Pair door = authority.write(folder.resolve(name), "router");
    Pair own = authority.write(folder.resolve(name + "-upstream"), "router");
    return cluster.router(
        new Access(server(door, ca), List.of()),
        new RouterConfig.UpstreamTls(
            new TlsSettings(own.certificate(), own.key(), ca, CHECKS), agentName));
  }

  private static TlsSettings server(Pair pair, @Nullable Path clientCa) {
    return new TlsSettings(pair.certificate(), pair.key(), clientCa, CHECKS);
  }

  // ---- the doors

  @Test
  void http_overTls_speaksBothVersionsByAgreement() throws Exception {
    for (HttpClient.Version version : HttpClient.Version.values()) {
      try (HttpClient client =
          HttpClient.newBuilder().sslContext(trusted).version(version).build()) {
        HttpResponse<String> answer = post(client, router);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.version()).isEqualTo(version);
        assertThat(answer.body()).endsWith("data: [DONE]\n\n");
      }
    }
  }

  @Test
  void http_bodyThatIsTooLong_isAnsweredBeforeTheConnectionCloses() throws Exception {
    try (Socket socket = trusted.getSocketFactory().createSocket("127.0.0.1", router.httpPort())) {
      socket
          .getOutputStream()
          .write(
              "POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n"
                  .getBytes(UTF_8));
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 413 ").endsWith("}}");
    }
  }

  @Test
  void http_clientWithoutACertificate_isRefusedAndCounted() throws Exception {
    try (HttpClient client = HttpClient.newBuilder().sslContext(stranger).build()) {
      assertThatThrownBy(() -> post(client, router)).isInstanceOf(IOException.class);
    }
    Await.until(
        "the refusal is counted",
        SecureCluster.LIMIT,
        () -> metric(router, "warmpath_http_rejected_total{reason=\"no_tls\"}") > 0);
  }

  @Test
  void grpc_overTls_generates() throws Exception {
    ManagedChannel channel = channel(router, true);
    try {
      List<GenerateResponse> answer = generate(channel);
      assertThat(answer.getLast().getCompleted().getUsage().getCompletionTokens()).isEqualTo(4);
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void grpc_clientWithoutACertificate_isRefused() throws Exception {
    ManagedChannel channel = channel(router, false);
    try {
      assertThatThrownBy(() -> generate(channel))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              refused ->
                  assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void commandLine_overTls_generates() {
    String address = "127.0.0.1:" + router.grpcPort();
    String[] known = {
      "--tls-ca", ca.toString(),
      "--tls-certificate", clientPair.certificate().toString(),
      "--tls-key", clientPair.key().toString()
    };
    assertThat(Run.of(with(known, "fleet", "--router", address)).out()).contains("replica-1");
    assertThat(Run.of(with(known, "usage", "--router", address)).exitCode()).isZero();
    assertThat(Run.of("fleet", "--router", address, "--tls-key", "x").err())
        .contains("--tls-certificate and --tls-key need each other");
    assertThat(Run.of("fleet", "--router", address, "--tls-ca", "none.crt").err())
        .contains("cannot read")
        .contains("none.crt");
  }

  // ---- to agents

  @Test
  void agents_withAnotherNameThanExpected_areNotSpokenTo() throws Exception {
    try (Router wary = router("wary", "other.warmpath")) {
      assertBothDoorsFail(wary, true);
    }
  }

  @Test
  void agents_withTls_doNotServeAPlainRouter() throws Exception {
    try (Router plain =
        cluster.router(new Access(server(pairOf("plain"), null), List.of()), null)) {
      assertBothDoorsFail(plain, false);
    }
  }

  private static Pair pairOf(String name) throws Exception {
    return authority.write(folder.resolve(name), "router");
  }

  private static void assertBothDoorsFail(Router toAgents, boolean withCertificate)
      throws Exception {
    try (HttpClient client = HttpClient.newBuilder().sslContext(trusted).build()) {
      HttpResponse<String> answer = post(client, toAgents);
      assertThat(answer.statusCode()).as(answer.body()).isIn(429, 502);
    }
    ManagedChannel channel = channel(toAgents, withCertificate);
    try {
      assertThatThrownBy(() -> generate(channel)).isInstanceOf(StatusRuntimeException.class);
    } finally {
      channel.shutdownNow();
    }
  }

  // ---- renewal

  @Test
  void certificates_renewedUnderLoad_failNoRequest() throws Exception {
    Router renewed = router("renewed", AGENTS);
    AtomicBoolean over = new AtomicBoolean();
    List<Future<Integer>> loads = new ArrayList<>();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
        HttpClient longClient = HttpClient.newBuilder().sslContext(trusted).build()) {
      InputStream before = stream(longClient, renewed);
      for (int i = 0; i < 3; i++) {
        loads.add(clients.submit(() -> requestsUntil(over, renewed)));
      }
      X509Bundle last = authority.issue("router", Algorithm.ecp256);
      for (X509Bundle next :
          List.of(
              authority.issue("router", Algorithm.rsa2048),
              authority.issue("router", Algorithm.ecp384),
              last)) {
        TestAuthority.write(folder.resolve("renewed"), next);
        TestAuthority.write(folder.resolve("renewed-upstream"), next);
        authority.write(folder.resolve("agent"), AGENTS);
        Certificate expected = next.getCertificate();
        Await.until("new", SecureCluster.LIMIT, () -> served(renewed).equals(expected));
      }
      over.set(true);
      for (Future<Integer> load : loads) {
        assertThat(load.get(60, TimeUnit.SECONDS)).isPositive();
      }
      assertThat(new String(before.readAllBytes(), UTF_8)).endsWith("data: [DONE]\n\n");
    }
    assertThat(metric(renewed, "warmpath_tls_reloads_total{result=\"applied\",use=\"listen\"}"))
        .isEqualTo(3);
    assertThat(cluster.agentMetrics(0)).contains("warmpath_tls_reloads_total{result=\"applied\"");
    renewed.close();
  }

  /** Each request by a client, and so a connection, of its own; alternately over both doors. */
  private static int requestsUntil(AtomicBoolean over, Router to) throws Exception {
    int[] count = {0};
    while (!over.get()) {
      if (count[0]++ % 2 == 0) {
        try (HttpClient client = HttpClient.newBuilder().sslContext(trusted).build()) {
          assertThat(post(client, to).statusCode()).isEqualTo(200);
        }
      } else {
        ManagedChannel channel = channel(to, true);
        assertThat(generate(channel).getLast().hasCompleted()).isTrue();
        channel.shutdownNow();
      }
    }
    return count[0];
  }

  @Test
  void pair_thatIsBroken_isRefusedAndTheOldOneServes() throws Exception {
    Router broken = router("broken", AGENTS);
    Certificate old = served(broken);
    Files.writeString(folder.resolve("broken").resolve("tls.key"), "no key");

    Await.until(
        "the refusal",
        SecureCluster.LIMIT,
        () -> metric(broken, "warmpath_tls_reloads_total{result=\"refused\",use=\"listen\"}") == 1);
    assertThat(metric(broken, "warmpath_tls_stale{use=\"listen\"}")).isEqualTo(1);
    assertThat(metric(broken, "warmpath_tls_expiry_seconds{file=\"certificate\",use=\"listen\"}"))
        .isBetween(3_600.0, 86_400.0);
    assertThat(served(broken)).isEqualTo(old);
    broken.close();
  }

  @Test
  void files_thatAreBrokenAtStart_stopTheStart() throws Exception {
    Pair pair = pairOf("start");
    Files.delete(pair.key());
    assertThatThrownBy(() -> cluster.router(new Access(server(pair, null), List.of()), null))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("tls.key cannot be read");
  }

  // ---- helpers

  private static String[] with(String[] options, String... command) {
    return Stream.concat(Stream.of(command), Stream.of(options)).toArray(String[]::new);
  }

  private static Certificate served(Router by) {
    try (HttpClient client = HttpClient.newBuilder().sslContext(trusted).build()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + by.httpPort() + "/health"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      return answer.sslSession().orElseThrow().getPeerCertificates()[0];
    } catch (IOException failed) {
      throw new AssertionError(failed);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new AssertionError(stop);
    }
  }

  private static double metric(Router of, String name) {
    try {
      return SecureCluster.metrics(of)
          .lines()
          .filter(line -> line.startsWith(name + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
          .findFirst()
          .orElse(0);
    } catch (IOException failed) {
      throw new AssertionError(failed);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new AssertionError(stop);
    }
  }

  private static URI door(Router of) {
    return URI.create("https://127.0.0.1:" + of.httpPort() + "/v1/completions");
  }

  private static HttpRequest completion(Router to, int tokens) {
    return HttpRequest.newBuilder(door(to))
        .timeout(SecureCluster.LIMIT)
        .header("content-type", "application/json")
        .POST(
            HttpRequest.BodyPublishers.ofString(
                "{\"model\":\"%s\",\"prompt\":\"once\",\"stream\":true,\"max_tokens\":%d}"
                    .formatted(SecureCluster.MODEL, tokens)))
        .build();
  }

  private static HttpResponse<String> post(HttpClient client, Router to)
      throws IOException, InterruptedException {
    return client.send(completion(to, 4), HttpResponse.BodyHandlers.ofString());
  }

  private static InputStream stream(HttpClient client, Router from)
      throws IOException, InterruptedException {
    return client.send(completion(from, 2_000), HttpResponse.BodyHandlers.ofInputStream()).body();
  }

  private static ManagedChannel channel(Router to, boolean withCertificate) throws IOException {
    TlsChannelCredentials.Builder credentials =
        TlsChannelCredentials.newBuilder().trustManager(ca.toFile());
    if (withCertificate) {
      credentials.keyManager(clientPair.certificate().toFile(), clientPair.key().toFile());
    }
    return Grpc.newChannelBuilderForAddress("127.0.0.1", to.grpcPort(), credentials.build())
        .build();
  }

  private static List<GenerateResponse> generate(ManagedChannel channel) {
    List<GenerateResponse> answer = new ArrayList<>();
    InferenceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(SecureCluster.LIMIT.toSeconds(), TimeUnit.SECONDS)
        .generate(
            GenerateRequest.newBuilder()
                .setModel(SecureCluster.MODEL)
                .setText("once")
                .setSampling(SamplingParams.newBuilder().setMaxTokens(4))
                .build())
        .forEachRemaining(answer::add);
    return answer;
  }
}
