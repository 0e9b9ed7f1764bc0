package io.warmpath.cli.containers;

import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.Network.Ipam;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.testcontainers.containers.Network;

/**
 * The private networks of a cluster: one of all pods, whose addresses are chosen here as a kubelet
 * knows a pod's address before its containers start, and one in which the ZooKeeper servers have
 * their names, so that a pod can be cut from them alone.
 */
final class PodNetworks implements AutoCloseable {

  private static final int SUBNETS = 64;
  private static final int FIRST_HOST = 10;

  private final String prefix;
  private final Network pods;
  private final Network zooKeeper;
  private final AtomicInteger hosts = new AtomicInteger(FIRST_HOST);

  private PodNetworks(String prefix, Network pods, Network zooKeeper) {
    this.prefix = prefix;
    this.pods = pods;
    this.zooKeeper = zooKeeper;
  }

  /** Creates both, the pods' in the first private subnet that is free. */
  static PodNetworks create() {
    for (int i = 0; i < SUBNETS; i++) {
      String prefix = String.format(Locale.ROOT, "10.231.%d.", i);
      try {
        Network pods = network(prefix);
        pods.getId();
        Network zooKeeper =
            Network.builder().createNetworkCmdModifier(each -> each.withInternal(true)).build();
        zooKeeper.getId();
        return new PodNetworks(prefix, pods, zooKeeper);
      } catch (DockerException taken) {
        if (!String.valueOf(taken.getMessage()).contains("overlaps")) {
          throw taken;
        }
      }
    }
    throw new IllegalStateException("no subnet of 10.231.0.0/18 is free");
  }

  private static Network network(String prefix) {
    Ipam.Config subnet = new Ipam.Config().withSubnet(prefix + "0/24").withGateway(prefix + "1");
    return Network.builder()
        .createNetworkCmdModifier(each -> each.withIpam(new Ipam().withConfig(subnet)))
        .build();
  }

  Network pods() {
    return pods;
  }

  /** Returns an address that no pod has had. */
  String nextAddress() {
    return prefix + hosts.getAndIncrement();
  }

  /** Connects a container with the ZooKeeper servers, where it is known by {@code names}. */
  void joinZooKeeper(String containerId, List<String> names) {
    ContainerEngine.client()
        .connectToNetworkCmd()
        .withNetworkId(zooKeeper.getId())
        .withContainerId(containerId)
        .withContainerNetwork(new ContainerNetwork().withAliases(names))
        .exec();
  }

  /** Cuts a container from the ZooKeeper servers; its packets to them are lost. */
  void leaveZooKeeper(String containerId) {
    ContainerEngine.client()
        .disconnectFromNetworkCmd()
        .withNetworkId(zooKeeper.getId())
        .withContainerId(containerId)
        .withForce(true)
        .exec();
  }

  @Override
  public void close() {
    for (Network network : List.of(zooKeeper, pods)) {
      try {
        ContainerEngine.client().removeNetworkCmd(network.getId()).exec();
      } catch (NotFoundException gone) {
        // What was to be reached.
      }
    }
  }
}
