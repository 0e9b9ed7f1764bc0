package io.warmpath.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.membership.MembershipClient.State;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.zookeeper.KeeperException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class MembershipClientTest {

  @TempDir private Path dataDir;
  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster(dataDir);
  }

  @AfterEach
  void stop() throws Exception {
    cluster.close();
  }

  @Test
  void connect_nobodyListens_failsWithinTheTimeoutInOneSentence() {
    ZooKeeperSettings settings =
        ZooKeeperSettings.of("127.0.0.1:1").withTimeouts(Cluster.SESSION_MILLIS, 1_000);

    long begin = System.nanoTime();
    assertThatThrownBy(() -> MembershipClient.connect(settings))
        .isInstanceOf(MembershipException.class)
        .hasMessage(
            "ZooKeeper at '127.0.0.1:1' did not answer within 1,000 ms; check"
                + " zookeeper.connect, and that the servers run");
    assertThat(System.nanoTime() - begin).isLessThan(10_000_000_000L);
  }

  @Test
  void connect_serverThatNeverAnswers_failsWithinTheTimeout() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      ZooKeeperSettings settings =
          ZooKeeperSettings.of("127.0.0.1:" + silent.getLocalPort())
              .withTimeouts(Cluster.SESSION_MILLIS, 500);

      assertThatThrownBy(() -> MembershipClient.connect(settings))
          .isInstanceOf(MembershipException.class)
          .hasMessageContaining("did not answer within 500 ms");
    }
  }

  @Test
  void digest_keepsOthersOut() throws Exception {
    ZooKeeperSettings owners = withDigest("warmpath:secret");
    MembershipClient owner = cluster.client(owners);
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(owner));
    a.announce(Reports.ready("a", 1, 1));
    Await.until("written", Views.LIMIT, () -> a.written() >= 1);
    MembershipClient friend = cluster.client(owners);
    assertThat(Cluster.node(friend, friend.paths().replica("a")).data()).isNotEmpty();

    assertThatThrownBy(() -> MembershipClient.connect(withDigest("warmpath:guess")))
        .isInstanceOf(MembershipException.class)
        .hasMessageContaining("does not let this process use /secured (NOAUTH)")
        .hasMessageNotContaining("guess");
  }

  private ZooKeeperSettings withDigest(String digest) {
    return new ZooKeeperSettings(
        cluster.server.connectString(), "/secured", Cluster.SESSION_MILLIS, 10_000, digest, null);
  }

  @Test
  void serverRestart_isToldToListenersInOrder() {
    MembershipClient client = cluster.client();
    List<State> told = new CopyOnWriteArrayList<>();
    client.addListener(told::add);
    assertThat(client.state()).isEqualTo(State.CONNECTED);

    cluster.server.stop();
    Await.until("disconnect", Views.LIMIT, () -> client.state() == State.DISCONNECTED);
    cluster.server.restart();
    Cluster.awaitConnected(client);

    Await.until("both told", Views.LIMIT, () -> told.size() == 2);
    assertThat(told).containsExactly(State.DISCONNECTED, State.CONNECTED);
    assertThat(client.disconnects()).isEqualTo(1);
    assertThat(client.sessionsLost()).isZero();
  }

  /* The client gives its session up by itself, and connects anew whenever the server is back. */
  @Test
  void serverAwayForLongerThanTheSession_clientAndAnnouncerComeBack() throws Exception {
    MembershipClient client = cluster.client(cluster.settings().withTimeouts(1_000, 10_000));
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(client));
    a.announce(Reports.ready("a", 1, 1));
    Await.until("written", Views.LIMIT, () -> a.written() >= 1);

    cluster.server.stop();
    Await.until("session lost", Views.LIMIT, () -> client.sessionsLost() == 1);
    a.announce(Reports.ready("a", 1, 2));
    cluster.server.restart();

    Await.until("written again", Views.LIMIT, () -> a.written() >= 2);
    assertThat(Cluster.node(client, client.paths().replica("a")).owner())
        .isEqualTo(client.session().id());
  }

  @Test
  void close_whileServerIsAway_returns() {
    MembershipClient client = cluster.client();
    cluster.server.stop();
    Await.until("disconnect", Views.LIMIT, () -> client.state() == State.DISCONNECTED);

    client.close();

    assertThatThrownBy(() -> client.session().children("/"))
        .isInstanceOfAny(KeeperException.class, IllegalStateException.class);
  }
}
