package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.Await;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Models and adapters as the control thread publishes them. */
final class RoutingTableTest {

  @Test
  void adapter_loadedOnSomeReplicas_resolvesToItsBaseModelAndNamesTheOthers() throws Exception {
    RoutingTable table =
        table(
            RouterConfig.Limits.DEFAULT,
            report("a", "m", 4096, "sql"),
            report("b", "m", 2048),
            report("c", "m", 8192, "sql", "legal"));

    RoutingTable.Resolved asField = table.resolve("m", "sql");
    assertThat(asField.route().model()).isEqualTo("m");
    assertThat(asField.adapter()).isEqualTo("sql");
    assertThat(asField.unable()).containsExactly("b");
    assertThat(asField.route().limits().maxPromptTokens()).isEqualTo(2048);

    RoutingTable.Resolved asModel = table.resolve("legal", "");
    assertThat(asModel.route().model()).isEqualTo("m");
    assertThat(asModel.adapter()).isEqualTo("legal");
    assertThat(asModel.unable()).containsExactly("a", "b");

    assertThat(table.resolve("m", "").unable()).isEmpty();
    assertThatThrownBy(() -> table.resolve("m", "poems")).hasMessageContaining("is not loaded");
    assertThatThrownBy(() -> table.resolve("poems", "")).hasMessageContaining("is not served");
  }

  @Test
  void any_isTheFirstModelByNameWithAReadyReplica() throws Exception {
    String[] names = {"f", "b", "e", "c", "d"};
    ReplicaReport[] reports =
        Arrays.stream(names)
            .map(name -> relaying(name, ReplicaReport.State.READY))
            .toArray(ReplicaReport[]::new);
    assertThat(table(RouterConfig.Limits.DEFAULT, reports).any().model()).isEqualTo("b");

    ReplicaReport[] more = Arrays.copyOf(reports, reports.length + 1);
    more[reports.length] = relaying("a", ReplicaReport.State.DRAINING);
    assertThat(table(RouterConfig.Limits.DEFAULT, more).any().model()).isEqualTo("b");

    ReplicaReport[] none =
        Arrays.stream(names)
            .map(name -> relaying(name, ReplicaReport.State.DRAINING))
            .toArray(ReplicaReport[]::new);
    assertThat(table(RouterConfig.Limits.DEFAULT, none).any().model()).isEqualTo("b");
  }

  private static ReplicaReport relaying(String model, ReplicaReport.State state) {
    ReplicaReport plain = report("replica-" + model, model, 4096);
    return new ReplicaReport(
        new ReplicaReport.Identity(
            plain.id(),
            "127.0.0.1:1",
            plain.identity().models(),
            Map.of("relay", "127.0.0.1:2"),
            1),
        plain.epoch(),
        plain.sequence(),
        state,
        plain.readySeconds(),
        plain.load(),
        plain.cache(),
        plain.prefill(),
        plain.families(),
        plain.anchors(),
        plain.totals());
  }

  @Test
  void model_whoseReplicasAllLeft_staysKnown() throws Exception {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    try (RelayLoops loops = new RelayLoops(RouterConfig.Upstream.DEFAULT, 1 << 20, null);
        FleetControl control = control(RouterConfig.Limits.DEFAULT, loops, registry)) {
      control.take(view(report("a", "m", 4096)));
      Await.until("a", RouterHarness.LIMIT, () -> control.table().number() == 1);
      control.take(view());
      Await.until("nobody", RouterHarness.LIMIT, () -> control.table().number() == 2);

      assertThat(control.table().resolve("m", "").route().model()).isEqualTo("m");
      assertThat(control.table().anyReady()).isFalse();
    }
  }

  @Test
  void models_beyondTheLimit_areIgnoredAndCounted() throws Exception {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    try (RelayLoops loops = new RelayLoops(RouterConfig.Upstream.DEFAULT, 1 << 20, null);
        FleetControl control = control(new RouterConfig.Limits(1, 1024, 1, 0), loops, registry)) {
      control.take(view(report("a", "m1", 4096), report("b", "m2", 4096)));
      Await.until("the view", RouterHarness.LIMIT, () -> control.table().number() == 1);

      assertThat(control.table().models()).containsOnlyKeys("m1");
      assertThat(registry.counter("warmpath.router.fleet.refused", "reason", "models").count())
          .isEqualTo(1);
    }
  }

  @Test
  void replica_withAnAddressThatIsNone_isIgnoredAndCounted() throws Exception {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    try (RelayLoops loops = new RelayLoops(RouterConfig.Upstream.DEFAULT, 1 << 20, null);
        FleetControl control = control(RouterConfig.Limits.DEFAULT, loops, registry)) {
      control.take(view(FakeAgent.report("a", "not an address", 1)));
      Await.until("the view", RouterHarness.LIMIT, () -> control.table().number() == 1);

      assertThat(control.table().view().replicas()).isEmpty();
      assertThat(registry.counter("warmpath.router.fleet.refused", "reason", "address").count())
          .isEqualTo(1);
    }
  }

  @Test
  void request_beforeTheFirstView_isToldToComeBack() {
    assertThatThrownBy(() ->
            new RoutingTable(0, 0, FleetView.EMPTY, java.util.Map.of(), java.util.Map.of())
                .resolve("m", ""))
        .isInstanceOfSatisfying(
            RequestRefusedException.class,
            e -> assertThat(e.failure().kind()).isEqualTo(RequestFailure.Kind.NO_READY_REPLICA));
  }

  @Test
  void address_isAHostAndAPort() {
    assertThat(List.of("10.0.0.1:80", "agent-1.pods:65535", "[::1]:9000"))
        .allMatch(AgentAddress::isValid);
    assertThat(List.of("", "host", "host:0", "host:65536", ":80", "a b:80", "u@h:80", "h:80/x"))
        .noneMatch(AgentAddress::isValid);
  }

  private static RoutingTable table(RouterConfig.Limits limits, ReplicaReport... reports)
      throws Exception {
    try (RelayLoops loops = new RelayLoops(RouterConfig.Upstream.DEFAULT, 1 << 20, null);
        FleetControl control = control(limits, loops, new SimpleMeterRegistry())) {
      control.take(view(reports));
      Await.until("the view", RouterHarness.LIMIT, () -> control.table().number() == 1);
      return control.table();
    }
  }

  private static FleetControl control(
      RouterConfig.Limits limits, RelayLoops loops, SimpleMeterRegistry registry)
      throws IOException {
    RouterConfig routerConfig = RouterHarness.config().withLimits(limits);
    return new FleetControl(
        routerConfig,
        loops,
        System::nanoTime,
        registry,
        Tokenizers.start(routerConfig, registry),
        (policy, config, ticker, seed) -> new CountingPlacement(),
        table -> {});
  }

  private static FleetView view(ReplicaReport... reports) {
    return new FleetView(
        java.util.Arrays.stream(reports).map(r -> new FleetView.Observed(r, 0)).toList(), 1, 0);
  }

  private static ReplicaReport report(String id, String model, int maxLength, String... adapters) {
    ReplicaReport plain = FakeAgent.report(id, "127.0.0.1:1", 1);
    return new ReplicaReport(
        new ReplicaReport.Identity(
            id,
            "127.0.0.1:1",
            List.of(new ReplicaReport.ServedModel(model, maxLength, List.of(adapters))),
            plain.identity().labels(),
            1),
        plain.epoch(),
        plain.sequence(),
        plain.state(),
        plain.readySeconds(),
        plain.load(),
        plain.cache(),
        plain.prefill(),
        plain.families(),
        plain.anchors(),
        plain.totals());
  }
}
