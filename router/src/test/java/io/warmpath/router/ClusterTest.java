package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.warmpath.membership.Announcer;
import io.warmpath.membership.EmbeddedZooKeeper;
import io.warmpath.membership.MembershipClient;
import io.warmpath.membership.MembershipException;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.Await;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.GetFleetRequest;
import io.warmpath.v1.GetFleetResponse;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.RoutingServiceGrpc;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The control path against a real ZooKeeper. */
final class ClusterTest {

  @TempDir private Path directory;

  @Test
  void fleet_joinsChangesAndLeaves_andTheRouterFollows() throws Exception {
    try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.start(directory, 0);
        FakeAgent a = FakeAgent.start("a", FakeAgent.says("x"));
        FakeAgent b = FakeAgent.start("b", FakeAgent.says("x"));
        MembershipClient agents = connect(zooKeeper);
        Router router = router(zooKeeper)) {
      assertThat(router.ready()).isFalse();
      ManagedChannel channel = channel(router);
      Await.until("the empty view", RouterHarness.LIMIT, () -> fleet(channel).getViewNumber() > 0);
      assertThatThrownBy(() -> first(channel)).hasMessageContaining("NOT_FOUND");

      Announcer<ReplicaReport> announcesA = Announcer.forReplica(agents);
      announcesA.announce(a.report());
      Await.until("a is known", RouterHarness.LIMIT, router::ready);
      assertThat(first(channel).getPlacement().getReplicaId()).isEqualTo("a");

      try (Announcer<ReplicaReport> announcesB = Announcer.forReplica(agents)) {
        announcesB.announce(b.report());
        Await.until(
            "b is known", RouterHarness.LIMIT, () -> fleet(channel).getReplicasCount() == 2);
        announcesA.close();
        Await.until("a is gone", RouterHarness.LIMIT, () -> fleet(channel).getReplicasCount() == 1);
        assertThat(first(channel).getPlacement().getReplicaId()).isEqualTo("b");
      }
      Await.until("nobody is ready", RouterHarness.LIMIT, () -> !router.ready());
      assertThatThrownBy(() -> first(channel))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessage("UNAVAILABLE: no replica of model 'm' is ready");
      channel.shutdownNow();
    }
  }

  @Test
  void zooKeeper_lost_freezesTheViewAndTrafficGoesOn() throws Exception {
    try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.start(directory, 0);
        FakeAgent a = FakeAgent.start("a", FakeAgent.says("x"));
        FakeAgent b = FakeAgent.start("b", FakeAgent.says("x"));
        MembershipClient agents = connect(zooKeeper);
        Announcer<ReplicaReport> announcesA = Announcer.forReplica(agents);
        Announcer<ReplicaReport> announcesB = Announcer.forReplica(agents);
        Router router = router(zooKeeper)) {
      announcesA.announce(a.report());
      Await.until("a is known", RouterHarness.LIMIT, router::ready);
      ManagedChannel channel = channel(router);
      zooKeeper.stop();
      Await.until(
          "the router noticed",
          RouterHarness.LIMIT,
          () -> !fleet(channel).getMembershipConnected());

      assertThat(first(channel).getPlacement().getReplicaId()).isEqualTo("a");
      assertThat(router.ready()).isTrue();

      zooKeeper.restart();
      announcesB.announce(b.report());
      Await.until(
          "the view moves on",
          RouterHarness.LIMIT.multipliedBy(3),
          () -> fleet(channel).getReplicasCount() == 2);
      channel.shutdownNow();
    }
  }

  @Test
  void routers_knowOfEachOther() throws Exception {
    try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.start(directory, 0);
        Router one = router(zooKeeper);
        Router two = router(zooKeeper)) {
      ManagedChannel channel = channel(one);
      Await.until("two routers", RouterHarness.LIMIT, () -> fleet(channel).getRouters() == 2);
      two.shutdown();
      Await.until("one router", RouterHarness.LIMIT, () -> fleet(channel).getRouters() == 1);
      channel.shutdownNow();
    }
  }

  @Test
  void zooKeeper_unreachableAtStart_isOneSentence() {
    RouterConfig config =
        RouterConfig.of(
            new RouterConfig.Fleet.ZooKeeper(
                ZooKeeperSettings.of("127.0.0.1:1").withTimeouts(1_000, 200)));
    assertThatThrownBy(() -> Router.start(config))
        .isInstanceOf(MembershipException.class)
        .hasMessageContaining("127.0.0.1:1");
  }

  private static Router router(EmbeddedZooKeeper zooKeeper) throws Exception {
    return Router.start(RouterConfig.of(new RouterConfig.Fleet.ZooKeeper(settings(zooKeeper))));
  }

  private static MembershipClient connect(EmbeddedZooKeeper zooKeeper) {
    return MembershipClient.connect(settings(zooKeeper));
  }

  private static ZooKeeperSettings settings(EmbeddedZooKeeper zooKeeper) {
    return ZooKeeperSettings.of(zooKeeper.connectString()).withTimeouts(10_000, 10_000);
  }

  private static ManagedChannel channel(Router router) {
    return NettyChannelBuilder.forAddress("127.0.0.1", router.grpcPort()).usePlaintext().build();
  }

  private static GetFleetResponse fleet(ManagedChannel channel) {
    return RoutingServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .getFleet(GetFleetRequest.getDefaultInstance());
  }

  private static GenerateResponse first(ManagedChannel channel) {
    return InferenceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .generate(RouterHarness.prompt(300))
        .next();
  }
}
