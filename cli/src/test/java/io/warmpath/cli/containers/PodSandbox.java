package io.warmpath.cli.containers;

import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What pods are given by the cluster around them.
 *
 * @param networks what they are connected by
 * @param configMaps what they mount
 * @param claims volumes that outlive containers, by name
 * @param id sets this cluster's volumes apart from another's
 */
record PodSandbox(PodNetworks networks, ConfigMaps configMaps, Queue<String> claims, String id) {

  static PodSandbox of(PodNetworks networks, ConfigMaps configMaps) {
    String id = "warmpath-test-" + UUID.randomUUID();
    return new PodSandbox(networks, configMaps, new ConcurrentLinkedQueue<>(), id);
  }

  /** Returns the volume of a pod's claim, the same for each pod of that name. */
  String claim(String pod, String name) {
    String volume = id + "-" + pod + "-" + name;
    if (!claims.contains(volume)) {
      claims.add(volume);
    }
    return volume;
  }

  /** Removes the volumes; no container may use them any more. */
  void removeClaims() {
    claims.forEach(each -> ContainerEngine.client().removeVolumeCmd(each).exec());
    claims.clear();
  }
}
