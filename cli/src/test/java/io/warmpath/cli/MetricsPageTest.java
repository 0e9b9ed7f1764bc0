package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.agent.Agent;
import io.warmpath.agent.AgentConfig;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.relay.tls.TlsSettings;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.testkit.Await;
import io.warmpath.testkit.TestAuthority;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page about metrics lists what the processes serve. */
final class MetricsPageTest {

  private static final Path PAGE =
      Path.of(System.getProperty("warmpath.root"), "docs", "metrics.md");

  @TempDir private Path folder;

  @Test
  void gauges_outliveACollection() throws Exception {
    try (LocalCluster cluster =
        LocalCluster.start(
            LocalClusterSettings.of(1, EngineProfile.named("8b-h100").atSpeed(100)))) {
      cluster.awaitReady(Duration.ofSeconds(60));
      AgentConfig.Endpoint any = AgentConfig.Endpoint.loopback();
      AgentConfig config =
          AgentConfig.of(
                  List.of(
                      new AgentConfig.Engine(
                          cluster.engines().getFirst().url().toString(), "replica-9", 1)),
                  ZooKeeperSettings.of(cluster.zooKeeperAddress()))
              .withEndpoints(any, any, any);
      try (Agent agent = Agent.start(config)) {
        Await.until(
            "a report", Duration.ofSeconds(60), () -> !pageAt(agent.adminPort()).contains(" NaN"));
        System.gc();
        assertThat(pageAt(agent.adminPort()))
            .contains("warmpath_agent_pending_work_seconds{")
            .doesNotContain(" NaN");
        assertThat(pageAt(cluster.router().adminPort()))
            .contains("warmpath_router_fleet_view ")
            .doesNotContain(" NaN");
      }
    }
  }

  @Test
  void page_listsEveryMetricOfRouterAndAgentAndNoOther() throws Exception {
    Set<String> served = new TreeSet<>();
    try (LocalCluster cluster =
        LocalCluster.start(
            LocalClusterSettings.of(1, EngineProfile.named("8b-h100").atSpeed(100)))) {
      cluster.awaitReady(Duration.ofSeconds(60));
      String router = "127.0.0.1:" + cluster.router().grpcPort();
      Run.of("generate", "--router", router, "--prompt", "Why?", "--max-tokens", "2");
      Run.of("usage", "--router", router); // Adds up what was used, which makes its metrics.
      served.addAll(metricsAt(cluster.router().adminPort()));
      AgentConfig.Engine engine =
          new AgentConfig.Engine(cluster.engines().getFirst().url().toString(), "replica-9", 1)
              .withKvEvents("tcp://127.0.0.1:1", null);
      ZooKeeperSettings zookeeper = ZooKeeperSettings.of(cluster.zooKeeperAddress());
      AgentConfig.Endpoint any = AgentConfig.Endpoint.loopback();
      TestAuthority.Pair pair = TestAuthority.named("test").write(folder, "agent");
      AgentConfig config =
          AgentConfig.of(List.of(engine), zookeeper)
              .withEndpoints(any, any, any)
              .withTls(TlsSettings.server(pair.certificate(), pair.key(), null));
      try (Agent agent = Agent.start(config)) {
        served.addAll(metricsAt(agent.adminPort()));
      }
    }
    Set<String> listed =
        Pattern.compile("^\\| `(warmpath_\\w+)`", Pattern.MULTILINE)
            .matcher(Files.readString(PAGE))
            .results()
            .map(match -> match.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(listed).containsAll(served);
    // Counted under a name that begins with the first look at an engine.
    listed.remove("warmpath_agent_scrapes_total");
    assertThat(served).containsAll(listed);
  }

  private static Set<String> metricsAt(int port) {
    return Pattern.compile("^# TYPE (warmpath_\\w+?)(_max)? \\w+$", Pattern.MULTILINE)
        .matcher(pageAt(port))
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toSet());
  }

  private static String pageAt(int port) {
    try (HttpClient http = HttpClient.newHttpClient()) {
      URI page = URI.create("http://127.0.0.1:" + port + "/metrics");
      return http.send(HttpRequest.newBuilder(page).build(), BodyHandlers.ofString()).body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
