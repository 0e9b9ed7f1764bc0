package io.warmpath.router;

import io.micrometer.core.instrument.MeterRegistry;
import io.warmpath.membership.Announcer;
import io.warmpath.membership.Directory;
import io.warmpath.membership.MembershipClient;
import io.warmpath.membership.MembershipMetrics;
import io.warmpath.membership.RouterInfo;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Where views of the fleet come from. Life: made, {@link #follow}, perhaps leave, close. */
sealed interface FleetSource extends AutoCloseable {

  /** Starts handing whole views to {@code listener}, on a thread of the source. */
  void follow(Consumer<FleetView> listener);

  /** Tells the cluster that this router serves. */
  void announce(RouterInfo router);

  /** Takes that back. */
  void withdraw();

  /** Whether views follow the cluster; false while they are frozen. */
  boolean connected();

  @Override
  void close();

  /**
   * Returns the source that the config names.
   *
   * @throws io.warmpath.membership.MembershipException when ZooKeeper cannot be used
   */
  static FleetSource of(
      RouterConfig.Fleet fleet, Ticker ticker, String routerId, MeterRegistry registry) {
    return switch (fleet) {
      case RouterConfig.Fleet.ZooKeeper(ZooKeeperSettings settings) ->
          new FromZooKeeper(
              MembershipClient.connect(settings),
              ticker,
              routerId,
              new MembershipMetrics(registry));
      case RouterConfig.Fleet.Fixed(List<ReplicaReport> replicas) -> new Fixed(replicas, ticker);
    };
  }

  /** The cluster in ZooKeeper. */
  final class FromZooKeeper implements FleetSource {

    private final MembershipClient client;
    private final Ticker ticker;
    private final String routerId;
    private final MembershipMetrics metrics;
    private @Nullable Announcer<RouterInfo> announcer;
    private volatile @Nullable Directory directory;

    FromZooKeeper(
        MembershipClient client, Ticker ticker, String routerId, MembershipMetrics metrics) {
      this.client = client;
      this.ticker = ticker;
      this.routerId = routerId;
      this.metrics = metrics;
      metrics.watch(client);
    }

    @Override
    public void follow(Consumer<FleetView> listener) {
      Directory opened = Directory.open(client, ticker, routerId, listener);
      metrics.watch(opened);
      directory = opened;
    }

    @Override
    public void announce(RouterInfo router) {
      Announcer<RouterInfo> opened = Announcer.forRouter(client, router);
      metrics.watch(opened, routerId);
      announcer = opened;
    }

    @Override
    public void withdraw() {
      if (announcer != null) {
        announcer.close();
        announcer = null;
      }
    }

    @Override
    public boolean connected() {
      Directory followed = directory;
      return followed != null && followed.connected();
    }

    @Override
    public void close() {
      withdraw();
      if (directory != null) {
        directory.close();
      }
      client.close();
    }
  }

  /** Replicas from the config, always there; their one report grows old, their sends count. */
  final class Fixed implements FleetSource {

    private final Supplier<FleetView> view;

    Fixed(List<ReplicaReport> replicas, Ticker ticker) {
      this.view =
          () ->
              new FleetView(
                  replicas.stream()
                      .map(report -> new FleetView.Observed(report, ticker.nanos()))
                      .toList(),
                  1,
                  0);
    }

    @Override
    public void follow(Consumer<FleetView> listener) {
      listener.accept(view.get());
    }

    @Override
    public void announce(RouterInfo router) {}

    @Override
    public void withdraw() {}

    @Override
    public boolean connected() {
      return true;
    }

    @Override
    public void close() {}
  }
}
