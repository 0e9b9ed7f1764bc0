package io.warmpath.cli.door;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.Var;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.router.Router;
import io.warmpath.router.RouterConfig;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.testkit.Await;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Responses that engines keep are found again among several of them. */
final class StoredResponsesTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void response_ofOneOfThreeEngines_isShownAndGoneOnFrom() throws Exception {
    Set<String> replicas = new TreeSet<>();
    try (LocalCluster cluster =
            LocalCluster.start(
                LocalClusterSettings.of(3, EngineProfile.named("8b-h100").atSpeed(200)));
        HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      cluster.awaitReady(Duration.ofSeconds(60));
      URI door = door(cluster.router());
      for (int i = 0; i < 12; i++) {
        HttpResponse<String> made = post(http, door, "\"input\":\"" + i + " Why?".repeat(300));
        String id = JSON.readTree(made.body()).path("id").asText();
        String replica = made.headers().firstValue("x-warmpath-replica").orElseThrow();
        replicas.add(replica);

        HttpResponse<String> shown =
            http.send(
                HttpRequest.newBuilder(door.resolve("/v1/responses/" + id)).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(shown.body()).isEqualTo(made.body());
        HttpResponse<String> next =
            post(http, door, "\"previous_response_id\":\"" + id + "\",\"input\":\"And?");
        assertThat(next.statusCode()).as(next.body()).isEqualTo(200);
        assertThat(next.headers().firstValue("x-warmpath-replica")).hasValue(replica);
        assertThat(inputTokens(next)).isGreaterThan(inputTokens(made));
      }
      assertThat(replicas).hasSizeGreaterThan(1);
      HttpResponse<String> unknown =
          post(http, door, "\"previous_response_id\":\"resp_x\",\"input\":\"And?");
      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(unknown.body()).contains("Response with id 'resp_x' not found.");
    }
  }

  @Test
  void response_madeThroughOneRouter_isShownAndGoneOnFromThroughAnother() throws Exception {
    try (LocalCluster cluster =
            LocalCluster.start(
                LocalClusterSettings.of(3, EngineProfile.named("8b-h100").atSpeed(200)));
        Router another =
            Router.start(
                RouterConfig.of(
                        new RouterConfig.Fleet.ZooKeeper(
                            ZooKeeperSettings.of(cluster.zooKeeperAddress())))
                    .withHttp(new RouterConfig.Listen("127.0.0.1", 0)));
        HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      cluster.awaitReady(Duration.ofSeconds(60));
      awaitReplicas(http, another, 3);
      @Var
      HttpResponse<String> last =
          post(http, door(cluster.router()), "\"input\":\"" + "Why?".repeat(300));
      String used = tokens(http, cluster.router());
      String made = JSON.readTree(last.body()).path("id").asText();
      HttpResponse<String> shown =
          http.send(
              HttpRequest.newBuilder(door(cluster.router()).resolve("/v1/responses/" + made))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(shown.body()).isEqualTo(last.body());
      assertThat(tokens(http, cluster.router())).as("what was used, again").isEqualTo(used);
      String replica = last.headers().firstValue("x-warmpath-replica").orElseThrow();
      for (int turn = 0; turn < 4; turn++) {
        URI door = door(turn % 2 == 0 ? another : cluster.router());
        String id = JSON.readTree(last.body()).path("id").asText();
        HttpResponse<String> next =
            post(http, door, "\"previous_response_id\":\"" + id + "\",\"input\":\"And?");
        assertThat(next.statusCode()).as(next.body()).isEqualTo(200);
        assertThat(next.headers().firstValue("x-warmpath-replica")).hasValue(replica);
        assertThat(inputTokens(next)).isGreaterThan(inputTokens(last));
        last = next;
      }
    }
  }

  private static URI door(Router router) {
    return URI.create("http://127.0.0.1:" + router.httpPort());
  }

  private static String metrics(HttpClient http, Router router) {
    HttpRequest page =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + router.adminPort() + "/metrics"))
            .build();
    return http.sendAsync(page, HttpResponse.BodyHandlers.ofString()).join().body();
  }

  /** The lines that say how many tokens were used. */
  private static String tokens(HttpClient http, Router router) {
    String lines =
        metrics(http, router)
            .lines()
            .filter(line -> line.startsWith("warmpath_router_tokens_total"))
            .collect(Collectors.joining("\n"));
    assertThat(lines).containsPattern("kind=\"prompt\".* [1-9]");
    return lines;
  }

  private static void awaitReplicas(HttpClient http, Router router, int count) {
    Await.until(
        "the other router knows all replicas",
        Duration.ofSeconds(30),
        () -> metrics(http, router).contains("warmpath_router_replicas{state=\"ready\"} " + count));
  }

  private static int inputTokens(HttpResponse<String> response) throws Exception {
    JsonNode body = JSON.readTree(response.body());
    return body.path("usage").path("input_tokens").asInt();
  }

  /** Sends a request whose {@code fields} end within the string of its input. */
  private static HttpResponse<String> post(HttpClient http, URI door, String fields)
      throws Exception {
    String body = "{\"model\":\"simulated\",\"max_output_tokens\":4," + fields + "\"}";
    return http.send(
        HttpRequest.newBuilder(door.resolve("/v1/responses"))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
