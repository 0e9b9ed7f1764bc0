package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.replica.ReplicaQueue;
import io.warmpath.simulator.replay.ReplayPolicies;
import io.warmpath.simulator.replay.ReplayPolicy;
import java.util.List;
import picocli.CommandLine.Option;

/** The options that say which policies are replayed, and how. */
final class PolicyChoice {

  @Option(
      names = "--policy",
      paramLabel = "NAME",
      split = ",",
      description = "Policies, or all. Default: ${DEFAULT-VALUE}.")
  private @Var List<String> policies = List.of("round-robin", "bounded-load", "warmpath");

  @Option(
      names = "--max-queue-wait",
      paramLabel = "TIME",
      converter = Seconds.class,
      description = "Warmpath refuses what would wait longer; none to let it wait. Default: 3s.")
  private @Var double maxQueueWaitSeconds = PlacementConfig.DEFAULT.limits().maxQueueWaitSeconds();

  @Option(
      names = "--queue-order",
      paramLabel = "ORDER",
      description = "Order of Warmpath's agents: VIRTUAL_DEADLINE or ARRIVAL.")
  private @Var ReplicaQueue.Order queueOrder = ReplicaQueue.Order.VIRTUAL_DEADLINE;

  @Option(
      names = "--without",
      paramLabel = "MECHANISM",
      split = ",",
      description = "Mechanisms of Warmpath to switch off: ${COMPLETION-CANDIDATES}.")
  private @Var List<PlacementConfig.Mechanism> without = List.of();

  /** Returns the chosen policies. */
  List<ReplayPolicy> policies() {
    List<String> names = policies.equals(List.of("all")) ? ReplayPolicies.names() : policies;
    PlacementConfig config = config();
    return names.stream().map(name -> ReplayPolicies.of(name, config, queueOrder)).toList();
  }

  private PlacementConfig config() {
    PlacementConfig base =
        PlacementConfig.DEFAULT.without(without.toArray(PlacementConfig.Mechanism[]::new));
    PlacementConfig.Limits limits = base.limits();
    return new PlacementConfig(
        base.mode(),
        base.prefix(),
        base.bound(),
        base.families(),
        base.prefillWeight(),
        base.pressureWeight(),
        base.anchors(),
        new PlacementConfig.Limits(
            maxQueueWaitSeconds,
            limits.staleAfterSeconds(),
            limits.maxAttempts(),
            limits.saturation()),
        base.ejection(),
        base.disabled());
  }
}
