package io.warmpath.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class EmbeddedZooKeeperTest {

  @TempDir private Path dataDir;

  @Test
  void start_takenPort_saysWhichInOneSentence() throws IOException {
    try (EmbeddedZooKeeper first = EmbeddedZooKeeper.start(dataDir.resolve("1"), 0)) {
      String address = first.connectString();
      int port = Integer.parseInt(address.substring(address.indexOf(':') + 1));

      assertThatThrownBy(() -> EmbeddedZooKeeper.start(dataDir.resolve("2"), port))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("cannot listen on " + address + " for the embedded ZooKeeper");
    }
  }

  @Test
  void restart_keepsPortAndData() throws Exception {
    try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(dataDir, 0)) {
      String address = server.connectString();
      try (MembershipClient client = MembershipClient.connect(ZooKeeperSettings.of(address))) {
        client.session().createParents("/kept");
      }

      server.restart();

      assertThat(server.connectString()).isEqualTo(address);
      try (MembershipClient client = MembershipClient.connect(ZooKeeperSettings.of(address))) {
        assertThat(client.session().children("/")).contains("kept", "warmpath");
      }
    }
  }

  @Test
  void close_twice_hasNoEffect() throws IOException {
    EmbeddedZooKeeper server = EmbeddedZooKeeper.start(dataDir, 0);

    server.close();
    server.close();
  }
}
