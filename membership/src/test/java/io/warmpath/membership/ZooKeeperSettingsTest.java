package io.warmpath.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ZooKeeperSettingsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"localhost:2181", "zk-0.zk:2181,zk-1.zk:2181,10.0.0.3:2182", "[::1]:2181"})
  void connectString_ofHostsAndPorts_isTaken(String connectString) {
    assertThat(ZooKeeperSettings.of(connectString).connectString()).isEqualTo(connectString);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "localhost", "localhost:", "a:1,", "a:0", "a:65536", "a:2181/chroot", "a b:1"})
  void connectString_ofAnythingElse_isRefusedNamingIt(String connectString) {
    assertThatThrownBy(() -> ZooKeeperSettings.of(connectString))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("zookeeper.connect is '" + connectString + "'")
        .hasMessageContaining("host:port");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "/", "warmpath", "/a/", "/a//b", "/a/../b", "/.", "/zookeeper/x", "/a b"})
  void root_thatIsNoPlainPath_isRefusedNamingIt(String root) {
    assertThatThrownBy(
            () -> new ZooKeeperSettings("localhost:2181", root, 10_000, 5_000, null, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("zookeeper.root is '" + root + "'");
  }

  @Test
  void timeouts_outOfRange_areRefusedWithTheRange() {
    ZooKeeperSettings settings = ZooKeeperSettings.of("localhost:2181");

    assertThatThrownBy(() -> settings.withTimeouts(999, 5_000))
        .hasMessage("zookeeper.sessionTimeoutMillis is 999; allowed are 1000 to 60000");
    assertThatThrownBy(() -> settings.withTimeouts(10_000, 0))
        .hasMessage("zookeeper.connectionTimeoutMillis is 0; allowed are 100 to 60000");
  }

  @Test
  void digest_isCheckedAndNeverPrinted() {
    assertThatThrownBy(() -> new ZooKeeperSettings("h:1", "/w", 10_000, 5_000, "hunter2", null))
        .hasMessageContaining("zookeeper.digest")
        .hasMessageNotContaining("hunter2");
    assertThat(new ZooKeeperSettings("h:1", "/w", 10_000, 5_000, "u:hunter2", null).toString())
        .contains("digest set")
        .doesNotContain("hunter2");
  }

  @Test
  void paths_lieUnderTheRoot() {
    ClusterPaths paths = new ClusterPaths("/prod/warmpath");

    assertThat(paths.replica("a.b_c-1")).isEqualTo("/prod/warmpath/replicas/a.b_c-1");
    assertThat(paths.router("r")).isEqualTo("/prod/warmpath/routers/r");
    assertThat(paths.config()).isEqualTo("/prod/warmpath/config");
    assertThatThrownBy(() -> paths.replica("a/b")).hasMessageContaining("id is 'a/b'");
    assertThatThrownBy(() -> paths.router("..")).hasMessageContaining("id is '..'");
  }
}
