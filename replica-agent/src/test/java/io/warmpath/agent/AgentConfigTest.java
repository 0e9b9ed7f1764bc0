package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.agent.AgentConfig.Endpoint;
import io.warmpath.agent.AgentConfig.Engine;
import io.warmpath.membership.ZooKeeperSettings;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

final class AgentConfigTest {

  @Test
  void engine_url_givesIdHostAndPort() {
    Engine engine = Engine.of("http://10.0.0.7:8000/");
    assertThat(engine.replicaId()).isEqualTo("10.0.0.7-8000");
    assertThat(engine.host()).isEqualTo("10.0.0.7");
    assertThat(engine.port()).isEqualTo(8000);
    assertThat(Engine.of("http://engine").port()).isEqualTo(80);
  }

  @Test
  void badValues_areNamedWithWhatIsAllowed() {
    assertRefused(
        () -> Engine.of("https://a:1"),
        "engines.url is 'https://a:1'; allowed are http://host:port");
    assertRefused(() -> Engine.of("a:1"), "engines.url is 'a:1'; allowed are http://host:port");
    assertRefused(() -> Engine.of("http://a/v1"), "engines.url is");
    assertRefused(() -> Engine.of("http://a b"), "engines.url is");
    assertRefused(() -> new Engine("http://a", "a/b", 1), "engines.replicaId is 'a/b'");
    assertRefused(() -> new Engine("http://a", "a", 0), "engines.weight is 0.0");
    assertRefused(() -> Endpoint.parse("host"), "address is 'host'; allowed are host:port");
    assertRefused(() -> new Endpoint("a", 70_000), "port is 70000; allowed are 0 to 65535");
    assertRefused(() -> of(), "engines is 0 entries; allowed are 1 to 64 entries");
    assertRefused(
        () -> of(Engine.of("http://a:1"), Engine.of("http://a:1")),
        "engines.replicaId is 'a-1' twice; allowed are different ids");
  }

  private static AgentConfig of(Engine... engines) {
    return AgentConfig.of(List.of(engines), ZooKeeperSettings.of("localhost:2181"));
  }

  private static void assertRefused(ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message);
  }
}
