package io.warmpath.cli.local;

import io.warmpath.agent.AgentConfig;
import io.warmpath.router.RouterConfig;
import io.warmpath.simulator.engine.EngineProfile;

/**
 * What a cluster within one process consists of.
 *
 * @param replicas simulated engines, each with an agent, 1..64
 * @param profile what the engines imitate
 * @param model the served model's name
 * @param grpc where the router's front door listens; likewise {@code http} and {@code admin}
 * @param zooKeeperPort 0 for any free one
 * @param served how the router places requests
 * @param queue each agent's queue
 * @param killableReplica the replica whose agent runs in a process of its own and can be killed, -1
 *     for none
 */
public record LocalClusterSettings(
    int replicas,
    EngineProfile profile,
    String model,
    RouterConfig.Listen grpc,
    RouterConfig.Listen http,
    RouterConfig.Listen admin,
    int zooKeeperPort,
    RouterConfig.Model served,
    AgentConfig.Queue queue,
    int killableReplica) {

  /** Most replicas; each has threads and connections of its own. */
  public static final int MAX_REPLICAS = 64;

  public LocalClusterSettings {
    if (replicas < 1 || replicas > MAX_REPLICAS) {
      throw new IllegalArgumentException(
          "replicas is " + replicas + ", it must be from 1 to " + MAX_REPLICAS);
    }
    if (killableReplica >= replicas) {
      throw new IllegalArgumentException(
          "there is no replica " + killableReplica + " of " + replicas);
    }
  }

  /** Returns the defaults, everything on free ports of the loopback address. */
  public static LocalClusterSettings of(int replicas, EngineProfile profile) {
    RouterConfig.Listen anyPort = new RouterConfig.Listen("127.0.0.1", 0);
    return new LocalClusterSettings(
        replicas,
        profile,
        "simulated",
        anyPort,
        anyPort,
        anyPort,
        0,
        RouterConfig.Model.DEFAULT,
        AgentConfig.Queue.DEFAULT,
        -1);
  }

  /** Returns the same on these ports. */
  public LocalClusterSettings listening(
      int grpcPort, int httpPort, int adminPort, int newZooKeeperPort) {
    return new LocalClusterSettings(
        replicas,
        profile,
        model,
        new RouterConfig.Listen(grpc.host(), grpcPort),
        new RouterConfig.Listen(http.host(), httpPort),
        new RouterConfig.Listen(admin.host(), adminPort),
        newZooKeeperPort,
        served,
        queue,
        killableReplica);
  }

  /** Returns the same with other placement and other queues. */
  public LocalClusterSettings with(RouterConfig.Model newServed, AgentConfig.Queue newQueue) {
    return new LocalClusterSettings(
        replicas,
        profile,
        model,
        grpc,
        http,
        admin,
        zooKeeperPort,
        newServed,
        newQueue,
        killableReplica);
  }

  /** Returns the same with one replica's agent in a process of its own. */
  public LocalClusterSettings withKillable(int replica) {
    return new LocalClusterSettings(
        replicas, profile, model, grpc, http, admin, zooKeeperPort, served, queue, replica);
  }
}
