package io.warmpath.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.routing.FleetView;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import io.warmpath.testkit.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class MembershipTest {

  @TempDir private Path dataDir;
  private Cluster cluster;
  private final Views views = new Views();

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster(dataDir);
  }

  @AfterEach
  void stop() throws Exception {
    cluster.close();
  }

  @Test
  void open_emptyCluster_givesOneEmptyView() {
    Directory directory = cluster.directory(cluster.client(), views);

    views.await("first view", view -> true);

    assertThat(views.all).containsExactly(new FleetView(List.of(), 1, 0));
    assertThat(directory.connected()).isTrue();
  }

  @Test
  void announce_severalReplicas_viewHoldsTheirNewestReports() {
    cluster.directory(cluster.client(), views);
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(cluster.client()));
    Announcer<ReplicaReport> b = cluster.closing(Announcer.forReplica(cluster.client()));
    a.announce(Reports.ready("a", 1, 1));
    b.announce(Reports.ready("b", 1, 1));
    views.awaitIds("a", "b");

    a.announce(Reports.in(ReplicaReport.State.DRAINING, "a", 1, 2));

    FleetView view = views.await("second report", v -> Views.report(v, "a").sequence() == 2);
    assertThat(Views.report(view, "a").state()).isEqualTo(ReplicaReport.State.DRAINING);
    assertThat(Views.report(view, "b").sequence()).isEqualTo(1);
  }

  @Test
  void close_drainingReplica_leavesViewAtOnce() {
    cluster.directory(cluster.client(), views);
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(cluster.client()));
    a.announce(Reports.in(ReplicaReport.State.DRAINING, "a", 1, 1));
    views.awaitIds("a");

    a.close();

    views.awaitIds();
  }

  @Test
  void sessionKilled_announcer_comesBackWithoutAGap() throws Exception {
    Directory directory = cluster.directory(cluster.client(), views);
    MembershipClient agent = cluster.client();
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(agent));
    a.announce(Reports.ready("a", 1, 1));
    views.awaitIds("a");
    String path = agent.paths().replica("a");
    long firstOwner = Cluster.node(agent, path).owner();

    cluster.killSession(agent);

    Await.until("new session", Views.LIMIT, () -> agent.sessionsLost() == 1);
    Await.until("written again", Views.LIMIT, () -> a.written() >= 2);
    a.announce(Reports.ready("a", 1, 2));
    views.await("report of the new session", v -> Views.report(v, "a").sequence() == 2);
    assertThat(Cluster.node(agent, path).owner()).isNotEqualTo(firstOwner);
    assertThat(views.all.stream().skip(1).dropWhile(v -> v.replicas().isEmpty()))
        .allMatch(v -> v.replicas().size() == 1);
    assertThat(directory.connected()).isTrue();
  }

  @Test
  void sessionKilled_directory_keepsViewAndFollowsOn() throws Exception {
    MembershipClient router = cluster.client();
    Directory directory = cluster.directory(router, views);
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(cluster.client()));
    a.announce(Reports.ready("a", 1, 1));
    views.awaitIds("a");

    cluster.killSession(router);
    Await.until("new session", Views.LIMIT, () -> router.sessionsLost() == 1);
    Await.until("read again", Views.LIMIT, () -> directory.connected());
    a.announce(Reports.ready("a", 1, 2));

    views.await("report after the loss", v -> Views.report(v, "a").sequence() == 2);
    assertThat(views.all.stream().dropWhile(v -> v.replicas().isEmpty()))
        .allMatch(v -> v.replicas().size() == 1);
  }

  @Test
  void serverRestart_viewStaysFrozenAndThenGoesOn() {
    MembershipClient router = cluster.client();
    Directory directory = cluster.directory(router, views);
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(cluster.client()));
    a.announce(Reports.ready("a", 1, 1));
    views.awaitIds("a");

    cluster.server.stop();
    Await.until("disconnect", Views.LIMIT, () -> !directory.connected());
    assertThat(Views.ids(directory.view())).containsExactly("a");
    for (int i = 2; i <= 50; i++) {
      a.announce(Reports.ready("a", 1, i));
    }
    cluster.server.restart();

    views.await("newest report", v -> Views.report(v, "a").sequence() == 50);
    Await.until("reconnect", Views.LIMIT, directory::connected);
    assertThat(a.coalesced()).isBetween(45L, 49L);
    assertThat(router.disconnects()).isEqualTo(1);
    assertThat(views.all.stream().dropWhile(v -> v.replicas().isEmpty()))
        .allMatch(v -> v.replicas().size() == 1);
  }

  @Test
  void announce_whileNewerEpochHoldsTheId_isFencedUntilItGoes() throws Exception {
    MembershipClient first = cluster.client();
    Announcer<ReplicaReport> older = cluster.closing(Announcer.forReplica(first));
    Announcer<ReplicaReport> newer = cluster.closing(Announcer.forReplica(cluster.client()));
    older.announce(Reports.ready("a", 1, 1));
    Await.until("older written", Views.LIMIT, () -> older.written() >= 1);

    newer.announce(Reports.ready("a", 2, 1));
    Await.until("newer written", Views.LIMIT, () -> newer.written() >= 1);
    older.announce(Reports.ready("a", 1, 2));
    Await.until("older fenced", Views.LIMIT, older::isFenced);

    Decoded<ReplicaReport> held =
        RecordCodec.decodeReplica(Cluster.node(first, first.paths().replica("a")).data());
    assertThat(((Decoded.Valid<ReplicaReport>) held).value().epoch()).isEqualTo(2);
    assertThat(older.fenced()).isPositive();
    long writtenBefore = older.written();

    newer.close();
    Await.until("older takes over", Views.LIMIT, () -> older.written() > writtenBefore);
    assertThat(older.isFenced()).isFalse();
  }

  @Test
  void staleZnodeOfAnotherSession_isReplacedWithoutAGap() {
    cluster.directory(cluster.client(), views);
    Announcer<ReplicaReport> crashed = cluster.closing(Announcer.forReplica(cluster.client()));
    crashed.announce(Reports.ready("a", 1, 7));
    views.awaitIds("a");

    Announcer<ReplicaReport> restarted = cluster.closing(Announcer.forReplica(cluster.client()));
    restarted.announce(Reports.ready("a", 2, 1));

    views.await("new epoch", v -> Views.report(v, "a").epoch() == 2);
    assertThat(views.all.stream().dropWhile(v -> v.replicas().isEmpty()))
        .allMatch(v -> v.replicas().size() == 1);
  }

  /* As after a long pause of the servers: every agent must come back, none of them is dead. */
  @Test
  void allSessionsLostAtOnce_fleetNeverShrinks() throws Exception {
    cluster.directory(cluster.client(), views);
    List<MembershipClient> agents = new ArrayList<>();
    for (String id : List.of("a", "b", "c")) {
      MembershipClient agent = cluster.client();
      agents.add(agent);
      cluster.closing(Announcer.forReplica(agent)).announce(Reports.ready(id, 1, 1));
    }
    FleetView before = views.awaitIds("a", "b", "c");

    for (MembershipClient agent : agents) {
      cluster.killSession(agent);
    }
    for (MembershipClient agent : agents) {
      Await.until("new session", Views.LIMIT, () -> agent.sessionsLost() == 1);
    }
    cluster.closing(Announcer.forReplica(cluster.client())).announce(Reports.ready("d", 1, 1));

    FleetView after = views.awaitIds("a", "b", "c", "d");
    assertThat(after.replicas()).containsAll(before.replicas());
    assertThat(views.all.stream().dropWhile(v -> v.replicas().size() < 3))
        .allMatch(v -> v.replicas().size() >= 3);
  }

  @Test
  void replicaGoneWithoutAWord_leavesTheViewAfterTheGrace() {
    MembershipClient router = cluster.client();
    Directory.Settings settings = new Directory.Settings(10, 10, 0, 50_000_000);
    cluster.closing(Directory.open(router, Ticker.system(), "router-0", views, settings));
    MembershipClient agent = cluster.client();
    cluster.closing(Announcer.forReplica(agent)).announce(Reports.ready("a", 1, 1));
    views.awaitIds("a");

    agent.close();

    views.awaitIds();
  }

  @Test
  void znodeDeletedByAnOperator_isBackWithTheNextReport() throws Exception {
    cluster.directory(cluster.client(), views);
    MembershipClient agent = cluster.client();
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(agent));
    a.announce(Reports.ready("a", 1, 1));
    views.awaitIds("a");

    agent.session().delete(agent.paths().replica("a"), -1);
    a.announce(Reports.ready("a", 1, 2));

    views.await("second report", v -> Views.report(v, "a").sequence() == 2);
  }

  @Test
  void routerZnodeDeletedByAnOperator_isBackWithinASessionTimeout() throws Exception {
    MembershipClient client = cluster.client(cluster.settings().withTimeouts(1_000, 10_000));
    RouterInfo router = new RouterInfo("router-1", 1, "h:1", "");
    Announcer<RouterInfo> announcer = cluster.closing(Announcer.forRouter(client, router));
    Await.until("written", Views.LIMIT, () -> announcer.written() >= 1);

    client.session().delete(client.paths().router("router-1"), -1);
    long writtenBefore = announcer.written();

    Await.until("written again", Views.LIMIT, () -> announcer.written() > writtenBefore);
    assertThat(Cluster.node(client, client.paths().router("router-1")).owner())
        .isEqualTo(client.session().id());
  }

  /* A ZooKeeper whose volume was lost starts empty; its transaction numbers begin again. */
  @Test
  void serverLosesItsData_fleetIsAnnouncedAnew() throws Exception {
    ZooKeeperSettings settings = cluster.settings().withTimeouts(1_000, 10_000);
    Directory directory = cluster.directory(cluster.client(settings), views);
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(cluster.client(settings)));
    for (int i = 1; i <= 20; i++) {
      a.announce(Reports.ready("a", 1, i));
    }
    views.await("report 20", v -> !v.replicas().isEmpty() && Views.report(v, "a").sequence() == 20);

    cluster.server.stop();
    Await.until("disconnect", Views.LIMIT, () -> !directory.connected());
    cluster.deleteData();
    cluster.server.restart();
    a.announce(Reports.ready("a", 1, 21));

    views.await("report 21", v -> Views.report(v, "a").sequence() == 21);
    assertThat(views.all.stream().dropWhile(v -> v.replicas().isEmpty()))
        .allMatch(v -> v.replicas().size() == 1);
  }

  @Test
  void fleetSize_countsTheReplicasOfTheCluster() {
    MembershipClient client = cluster.client();
    for (String id : List.of("a", "b", "c")) {
      Announcer<ReplicaReport> announcer = cluster.closing(Announcer.forReplica(client));
      announcer.announce(Reports.ready(id, 1, 1));
      Await.until("written", Views.LIMIT, () -> announcer.written() >= 1);
    }
    Announcer<ReplicaReport> d = cluster.closing(Announcer.forReplica(client));
    assertThat(d.fleetSize()).isEqualTo(1);

    d.announce(Reports.ready("d", 1, 1));

    Await.until("count", Views.LIMIT, () -> d.fleetSize() == 4);
  }

  @Test
  void announce_anotherIdThanBefore_isABug() {
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(cluster.client()));
    a.announce(Reports.ready("a", 1, 1));

    assertThatThrownBy(() -> a.announce(Reports.ready("b", 1, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/warmpath/replicas/b");
  }

  @Test
  void listenerThatThrows_isCountedAndGetsTheNextView() {
    Views broken =
        new Views() {
          @Override
          public void accept(FleetView view) {
            super.accept(view);
            throw new IllegalStateException("a bug of the listener");
          }
        };
    Directory directory = cluster.directory(cluster.client(), broken);
    broken.await("first view", view -> true);

    cluster.closing(Announcer.forReplica(cluster.client())).announce(Reports.ready("a", 1, 1));

    broken.awaitIds("a");
    Await.until("count", Views.LIMIT, () -> directory.listenerFailures() == directory.views());
  }

  @Test
  void garbageZnodes_areIgnoredAndCounted() throws Exception {
    MembershipClient client = cluster.client();
    Directory directory = cluster.directory(client, views);
    put(client, "garbage", "not a record".getBytes(StandardCharsets.UTF_8));
    put(client, "large", new byte[RecordCodec.MAX_RECORD_BYTES + 1]);
    put(client, "other", RecordCodec.encode(Reports.ready("elsewhere", 1, 1)));
    Announcer<ReplicaReport> a = cluster.closing(Announcer.forReplica(client));
    a.announce(Reports.ready("a", 1, 1));

    views.awaitIds("a");
    Await.until(
        "refusals",
        Views.LIMIT,
        () ->
            directory.refused(Decoded.Refusal.MALFORMED) > 0
                && directory.refused(Decoded.Refusal.TOO_LARGE) > 0
                && directory.refused(Decoded.Refusal.INVALID) > 0);
    assertThat(Views.ids(directory.view())).containsExactly("a");
  }

  @Test
  void routers_areCountedAndIndexedInIdOrder() {
    cluster.directory(cluster.client(), views);
    MembershipClient other = cluster.client();
    cluster.closing(Announcer.forRouter(other, new RouterInfo("router-", 1, "h:1", "h:2")));
    cluster.closing(Announcer.forRouter(other, new RouterInfo("router-1", 1, "h:1", "")));
    cluster.closing(Announcer.forRouter(other, new RouterInfo("router-0", 1, "h:1", "")));

    FleetView view = views.await("three routers", v -> v.routerCount() == 3);

    assertThat(view.routerIndex()).isEqualTo(1);
  }

  @Test
  void burstOf500Replicas_givesFewWholeViewsOnOneThread() {
    cluster.directory(cluster.client(), views);
    MembershipClient agents = cluster.client();
    List<Announcer<ReplicaReport>> announcers = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      announcers.add(cluster.closing(Announcer.forReplica(agents)));
    }
    for (int i = 0; i < 500; i++) {
      announcers.get(i).announce(Reports.ready("replica-" + i, 1, 1));
    }

    views.await("all replicas", v -> v.replicas().size() == 500);

    assertThat(views.all).hasSizeLessThan(250);
    assertThat(views.overlaps).hasValue(0);
    synchronized (views.threads) {
      assertThat(views.threads).hasSize(1);
    }
  }

  private static void put(MembershipClient client, String id, byte[] data) throws Exception {
    client
        .zooKeeper()
        .create(
            client.paths().replicas() + "/" + id,
            data,
            ZooDefs.Ids.OPEN_ACL_UNSAFE,
            CreateMode.EPHEMERAL);
  }
}
