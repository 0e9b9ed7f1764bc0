package io.warmpath.cli.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.agent.AgentConfig;
import io.warmpath.config.ConfigException;
import io.warmpath.config.ConfigReader;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.router.RouterConfig;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mode;
import io.warmpath.routing.Policy;
import io.warmpath.testkit.TestTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SettingsTest {

  private static <T extends Record> T read(String yaml, Class<T> type) throws ConfigException {
    return new ConfigReader(Map.of("ZK", "app:secret")).parse(yaml, "x.yaml", Path.of(""), type);
  }

  @Test
  void emptyRouterFile_isTheRoutersOwnDefaults() throws ConfigException {
    RouterConfig expected =
        RouterConfig.of(new RouterConfig.Fleet.ZooKeeper(ZooKeeperSettings.of("127.0.0.1:2181")))
            .listening(
                new RouterConfig.Listen("0.0.0.0", 9000), new RouterConfig.Listen("0.0.0.0", 9001))
            .withHttp(new RouterConfig.Listen("0.0.0.0", 8000));
    assertThat(read("", RouterSettings.class).config()).isEqualTo(expected);
  }

  @Test
  void agentFileWithOneEngine_isTheAgentsOwnDefaults() throws ConfigException {
    AgentConfig expected =
        AgentConfig.of(
            List.of(AgentConfig.Engine.of("http://127.0.0.1:8000")),
            ZooKeeperSettings.of("127.0.0.1:2181"));
    assertThat(read("engines: [{url: http://127.0.0.1:8000}]", AgentSettings.class).config())
        .isEqualTo(expected);
  }

  @Test
  void routerFile_reachesThePlacement() throws ConfigException {
    RouterConfig config =
        read(
                """
                routerId: r1
                zookeeper: {connect: "a:1,b:2", root: /x, sessionTimeout: 20s, digest: "${env:ZK}"}
                defaults: {mode: shadow}
                models:
                  llama:
                    policy: bounded-load
                    prefix: {tokens: 2048, stepTokens: 256}
                    loadFactor: 2
                    loadSlack: 1s
                    trafficCap: 0.25
                    replicaSet: 3
                    splitThresholdRpm: 15
                    sessionAffinityTtl: 10m
                    maxQueueWait: none
                limits: {maxMessageBytes: 1MiB, retryMaxRetries: 5}
                upstream: {eventLoops: 3}
                drainTimeout: 1m
                sessionSecret: s
                """,
                RouterSettings.class)
            .config();

    assertThat(config.routerId()).isEqualTo("r1");
    assertThat(config.fleet())
        .isEqualTo(
            new RouterConfig.Fleet.ZooKeeper(
                new ZooKeeperSettings("a:1,b:2", "/x", 20_000, 5_000, "app:secret", null)));
    assertThat(config.defaultModel().placement().mode()).isEqualTo(Mode.SHADOW);
    RouterConfig.Model llama = Objects.requireNonNull(config.models().get("llama"));
    assertThat(llama.policy()).isEqualTo(Policy.BOUNDED_LOAD);
    PlacementConfig placement = llama.placement();
    assertThat(placement.mode()).isEqualTo(Mode.ENFORCED);
    assertThat(placement.prefix()).isEqualTo(new PlacementConfig.Prefix(2048, 256));
    assertThat(placement.bound()).isEqualTo(new PlacementConfig.Bound(2, 1));
    assertThat(placement.families().trafficCap()).isEqualTo(0.25);
    assertThat(placement.families().replicaSet()).isEqualTo(3);
    assertThat(placement.families().rateCapPerMinute()).isEqualTo(15);
    assertThat(placement.anchors().sessionTtlSeconds()).isEqualTo(600);
    assertThat(placement.limits().maxQueueWaitSeconds()).isInfinite();
    assertThat(config.limits().maxMessageBytes()).isEqualTo(1 << 20);
    assertThat(config.limits().retryMaxRetries()).isEqualTo(5);
    assertThat(config.upstream().eventLoops()).isEqualTo(3);
  }

  @Test
  void tokenizer_reachesTheModelAndItsThreadsTheLimits(@TempDir Path directory) throws Exception {
    Path file = TestTokenizer.writeTo(directory);
    RouterConfig config =
        read(
                """
                models:
                  llama: {tokenizer: %s}
                limits: {tokenizerThreads: 3, tokenizerQueueSize: 7}
                """
                    .formatted(file),
                RouterSettings.class)
            .config();
    RouterConfig.Model llama = Objects.requireNonNull(config.models().get("llama"));
    assertThat(llama.tokenizer()).isEqualTo(file);
    assertThat(config.defaultModel().tokenizer()).isNull();
    assertThat(config.limits().tokenizerThreads()).isEqualTo(3);
    assertThat(config.limits().tokenizerQueueSize()).isEqualTo(7);
  }

  @Test
  void tokenizer_thatIsMissingOrOfTooLongFamilies_isRefused(@TempDir Path directory)
      throws Exception {
    Path missing = directory.resolve("missing.json");
    assertThatThrownBy(
            () -> read("defaults: {tokenizer: %s}".formatted(missing), RouterSettings.class))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("defaults.tokenizer")
        .hasMessageContaining(missing + ", which is no file that can be read");
    Path file = TestTokenizer.writeTo(directory);
    assertThatThrownBy(() ->
            read(
                "defaults: {tokenizer: %s, prefix: {tokens: 16384}}".formatted(file),
                RouterSettings.class))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("needs families of at most 8192 tokens; prefix.tokens is 16384");
  }

  @Test
  void configurationPage_isTheOneInDocs() throws IOException {
    Path page = Path.of(System.getProperty("warmpath.root"), "docs", "configuration.md");
    assertThat(Files.readString(page))
        .as("docs/configuration.md; renew it by: ./warmpath config docs > docs/configuration.md")
        .isEqualTo(ConfigPage.markdown());
  }
}
