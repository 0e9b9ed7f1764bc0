package io.warmpath.simulator.replay;

import io.warmpath.routing.FleetView;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.replica.ReplicaActivity;
import io.warmpath.routing.replica.ReplicaQueue;
import io.warmpath.simulator.engine.EngineProfile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** The replicas of a replay, dead ones included. One writer: the replay's loop. */
final class SimulatedFleet {

  /** An agent's queue has no end here: what waits too long is refused by the wait bound alone. */
  private static final int QUEUE_CAPACITY = 1 << 24;

  private final ReplayOptions.Cluster cluster;
  private final ReplayPolicy policy;
  private final int blockTokens;
  private final @Nullable BlockCache pooled;
  private final List<SimulatedReplica> replicas = new ArrayList<>();
  private final Map<String, SimulatedReplica> byId = new HashMap<>();

  SimulatedFleet(ReplayOptions.Cluster cluster, ReplayPolicy policy, int blockTokens) {
    this.cluster = cluster;
    this.policy = policy;
    this.blockTokens = blockTokens;
    this.pooled = policy.pooledCache() ? cache(cluster.replicas()) : null;
    for (int i = 0; i < cluster.replicas(); i++) {
      join(0);
    }
  }

  List<SimulatedReplica> replicas() {
    return replicas;
  }

  SimulatedReplica byId(String id) {
    SimulatedReplica replica = byId.get(id);
    if (replica == null) {
      throw new IllegalStateException("placed on unknown replica " + id);
    }
    return replica;
  }

  /** Brings a replica with an empty cache up. */
  void join(long nowNanos) {
    int number = replicas.size();
    ReplicaReport.Identity identity =
        new ReplicaReport.Identity(
            "replica-" + number,
            "127.0.0.1:" + (20_000 + number),
            List.of(new ReplicaReport.ServedModel("model", 0, List.of())),
            Map.of(),
            1);
    SimulatedReplica replica =
        new SimulatedReplica(
            number,
            identity,
            cluster.prefill(),
            engine(),
            new ReplicaQueue(queueSettings(), cluster.prefill()),
            new ReplicaActivity(cluster.cacheTokens(), blockTokens),
            nowNanos);
    replicas.add(replica);
    byId.put(identity.id(), replica);
  }

  /** Whether any replica could ever run the request. */
  boolean fits(InFlight flight) {
    return replicas.getFirst().engine().fits(flight.promptTokens, flight.outputTokens);
  }

  /** Returns a live replica by {@code random}, or null when all are dead. */
  @Nullable SimulatedReplica drawAlive(SplittableRandom random) {
    List<SimulatedReplica> alive = replicas.stream().filter(SimulatedReplica::isAlive).toList();
    return alive.isEmpty() ? null : alive.get(random.nextInt(alive.size()));
  }

  /** Returns what the replicas say now, as received at {@code receivedNanos}. */
  List<FleetView.Observed> observe(long nowNanos, long receivedNanos) {
    List<FleetView.Observed> observed = new ArrayList<>(replicas.size());
    for (SimulatedReplica replica : replicas) {
      if (replica.isVisible(nowNanos)) {
        observed.add(replica.observe(nowNanos, receivedNanos));
      }
    }
    return observed;
  }

  private ReplicaEngine engine() {
    EngineProfile profile = cluster.profile();
    if (profile == null) {
      long decodeNanos = Math.round(cluster.decodeTokenSeconds() * 1e9);
      return new LinearEngine(
          pooled == null ? cache(1) : pooled, blockTokens, cluster.prefill(), decodeNanos);
    }
    if (pooled != null) {
      throw new IllegalArgumentException("policy " + policy.name() + " needs the linear engine");
    }
    return new ProfileEngine(
        ProfileEngine.fitted(profile, cluster.cacheTokens(), blockTokens), blockTokens);
  }

  /** The linear engine takes one prompt at a time, so all order is the agent's. */
  private ReplicaQueue.Settings queueSettings() {
    boolean linear = cluster.profile() == null;
    ReplicaQueue.Settings usual = ReplicaQueue.Settings.DEFAULT;
    return new ReplicaQueue.Settings(
        QUEUE_CAPACITY,
        policy.order(),
        policy.deadlineFactor(),
        linear ? Double.POSITIVE_INFINITY : usual.engineWorkSeconds(),
        linear ? 1 : usual.engineRequests());
  }

  private BlockCache cache(int shares) {
    return new BlockCache((int) Math.max(1, shares * cluster.cacheTokens() / blockTokens));
  }
}
