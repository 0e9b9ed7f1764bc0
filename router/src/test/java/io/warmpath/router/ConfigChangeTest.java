package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.router.RouterConfig.Listen;
import io.warmpath.router.usage.Prices;
import io.warmpath.router.usage.UsageMeter;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Policy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ConfigChangeTest {

  private static final RouterConfig BASE =
      RouterConfig.of(new RouterConfig.Fleet.ZooKeeper(ZooKeeperSettings.of("127.0.0.1:2181")));

  private static RouterConfig.Model model(int prefixTokens, int replicaSet) {
    PlacementConfig own = PlacementConfig.DEFAULT;
    return new RouterConfig.Model(
        Policy.WARMPATH,
        new PlacementConfig(
            own.mode(),
            new PlacementConfig.Prefix(prefixTokens, 128),
            own.bound(),
            new PlacementConfig.Families(0.5, 0, replicaSet, 60, 256, Map.of()),
            own.prefillWeight(),
            own.pressureWeight(),
            own.anchors(),
            own.limits(),
            own.ejection(),
            own.disabled()),
        1000);
  }

  @Test
  void sameConfig_changesNothing() {
    ConfigChange change = ConfigChange.between(BASE, BASE);
    assertThat(change.changes()).isFalse();
    assertThat(change.needsRestart()).isEmpty();
  }

  @Test
  void replicaSet_changesAtOnce() {
    ConfigChange change =
        ConfigChange.between(
            BASE.withDefaultModel(model(1024, 1)), BASE.withDefaultModel(model(1024, 4)));
    assertThat(change.changes()).isTrue();
    assertThat(change.needsRestart()).isEmpty();
    assertThat(change.effective().defaultModel().placement().families().replicaSet()).isEqualTo(4);
  }

  @Test
  void prices_changeAtOnce_andWhereUsageIsKeptDoesNot() {
    RouterConfig.Model was = BASE.defaultModel();
    RouterConfig.Model will =
        new RouterConfig.Model(
            was.policy(), was.placement(), was.maxPromptTokens(), new Prices(2, 1, 8));
    UsageMeter.Settings elsewhere =
        new UsageMeter.Settings(Path.of("elsewhere"), Duration.ofSeconds(1), 1, 1);
    ConfigChange change =
        ConfigChange.between(BASE, BASE.withDefaultModel(will).withMetering(elsewhere));
    assertThat(change.changes()).isTrue();
    assertThat(change.needsRestart()).containsExactly("metering");
    assertThat(change.effective().prices("any").completion()).isEqualTo(8);
    assertThat(change.effective().metering()).isEqualTo(BASE.metering());
  }

  @Test
  void tokenizer_isTakenAtTheNextStart() {
    RouterConfig.Model with = RouterConfig.Model.DEFAULT.withTokenizer(Path.of("tokenizer.json"));
    ConfigChange change = ConfigChange.between(BASE, BASE.withDefaultModel(with));
    assertThat(change.needsRestart()).containsExactly("defaults.tokenizer");
    assertThat(change.changes()).isFalse();
    assertThat(change.effective().defaultModel().tokenizer()).isNull();
  }

  @Test
  void prefixAndListener_keepTheirValuesAndAreNamed() {
    ConfigChange change =
        ConfigChange.between(
            BASE.withDefaultModel(model(1024, 1)),
            BASE.listening(new Listen("127.0.0.1", 1), new Listen("127.0.0.1", 0))
                .withDefaultModel(model(2048, 2)));
    assertThat(change.needsRestart()).containsExactly("listen", "defaults.prefix");
    assertThat(change.effective().grpc()).isEqualTo(BASE.grpc());
    PlacementConfig effective = change.effective().defaultModel().placement();
    assertThat(effective.prefix().tokens()).isEqualTo(1024);
    assertThat(effective.families().replicaSet()).isEqualTo(2);
  }
}
