package io.warmpath.cli.containers;

import io.warmpath.cli.deploy.Manifests;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * Three ZooKeeper servers, two routers and four replicas with simulated engines, by the files in
 * {@code deploy/k8s}.
 */
final class Cluster {

  /** One more than overlay dev has. */
  private static final int REPLICAS = 4;

  /** As overlay dev has it: pods that live for minutes gain nothing from the second compiler. */
  private static final Map<String, String> SHORT_LIVED =
      Map.of("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1");

  private static final Map<String, String> SECRETS = Map.of("warmpath-secrets/sessionSecret", "s");

  private final PodNetworks networks;
  private final PodSandbox sandbox;
  private final ServiceAddress service;
  private final Path logs;
  private final Queue<Pod> started = new ConcurrentLinkedQueue<>();
  private final List<Pod> zooKeeper = new ArrayList<>();
  private final List<Pod> routers = new ArrayList<>();
  private final List<Pod> replicas = new ArrayList<>();
  private final Workload zooKeeperWorkload;
  private final Workload routerWorkload;
  private final Workload replicaWorkload;

  private Cluster(PodNetworks networks, ServiceAddress service, Path directory) throws IOException {
    this.networks = networks;
    this.service = service;
    this.logs = Files.createDirectories(directory.resolve("logs"));
    ConfigMaps configMaps = new ConfigMaps(Files.createTempDirectory(directory, "config-maps"));
    this.sandbox = PodSandbox.of(networks, configMaps);
    configMaps.writeAll(Manifests.ROOT.resolve("base"));
    configMaps.writeAll(Manifests.ROOT.resolve("zookeeper"));
    zooKeeperWorkload = Workload.statefulSet("zookeeper/zookeeper.yaml", "zookeeper");
    replicaWorkload = Workload.statefulSet("overlays/dev/replica.yaml", "replica");
    routerWorkload = Workload.deployment("base/router.yaml", "router");
  }

  /**
   * Starts a cluster, and returns once every pod is ready.
   *
   * @param directory for logs and for what pods mount
   */
  static Cluster start(Path directory) throws IOException, InterruptedException {
    Cluster cluster = new Cluster(PodNetworks.create(), ServiceAddress.open(), directory);
    try {
      cluster.startPods();
      return cluster;
    } catch (AssertionError | IllegalStateException failed) {
      cluster.stop();
      throw failed;
    }
  }

  /** The ZooKeeper servers first: on a small machine, the others would wait for them too long. */
  private void startPods() throws InterruptedException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      collect(
          start(threads, "zookeeper-", zooKeeperWorkload, zooKeeperWorkload.replicas()), zooKeeper);
      List<Future<Pod>> replicaStarts = start(threads, "replica-", replicaWorkload, REPLICAS);
      List<Future<Pod>> routerStarts =
          start(threads, "router-", routerWorkload, routerWorkload.replicas());
      collect(replicaStarts, replicas);
      collect(routerStarts, routers);
    }
    routers.forEach(each -> service.add(grpcOf(each)));
  }

  private List<Future<Pod>> start(
      ExecutorService threads, String prefix, Workload workload, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> threads.submit(() -> startPod(prefix + i, workload)))
        .toList();
  }

  private static void collect(List<Future<Pod>> starts, List<Pod> pods)
      throws InterruptedException {
    for (Future<Pod> each : starts) {
      try {
        pods.add(each.get());
      } catch (ExecutionException failed) {
        throw new IllegalStateException("a pod did not start", failed.getCause());
      }
    }
  }

  private Pod startPod(String name, Workload workload) throws InterruptedException {
    Pod pod =
        new Pod(
            new PodPlan(
                name,
                networks.nextAddress(),
                workload.names(name),
                workload.template().getSpec(),
                SECRETS,
                SHORT_LIVED),
            sandbox);
    started.add(pod);
    pod.start();
    pod.awaitReady();
    return pod;
  }

  private static InetSocketAddress grpcOf(Pod router) {
    return new InetSocketAddress(Pod.HOST, router.port("router", "grpc"));
  }

  /** Returns where clients reach the routers, as {@code host:port}. */
  String serviceAddress() {
    return service.address();
  }

  /** Returns the address of one router's gRPC port on this machine. */
  static String addressOf(Pod router) {
    return Pod.HOST + ":" + router.port("router", "grpc");
  }

  List<Pod> zooKeeper() {
    return List.copyOf(zooKeeper);
  }

  List<Pod> routers() {
    return List.copyOf(routers);
  }

  List<Pod> replicas() {
    return List.copyOf(replicas);
  }

  /** Returns the routers' config as the manifests have it. */
  static String routerConfig() throws IOException {
    return Files.readString(Manifests.ROOT.resolve("base/config/router.yaml"));
  }

  /** Changes the routers' config in the running pods. */
  void changeRouterConfig(String yaml) throws IOException {
    sandbox.configMaps().write("warmpath-router", "router.yaml", yaml);
  }

  /**
   * Replaces one router as the Deployment's strategy has it: a new one is ready before the old one
   * is taken out of the Service and ended.
   *
   * @return the exit codes of the old one's containers
   */
  Map<String, Long> replaceRouter(Pod old, String newName) throws InterruptedException {
    Pod next = startPod(newName, routerWorkload);
    routers.add(next);
    service.add(grpcOf(next));
    service.remove(grpcOf(old));
    routers.remove(old);
    return end(old);
  }

  /** Ends a replica; {@link #startReplica} brings it back. */
  Map<String, Long> endReplica(Pod replica) throws InterruptedException {
    replicas.remove(replica);
    return end(replica);
  }

  void startReplica(String name) throws InterruptedException {
    replicas.add(startPod(name, replicaWorkload));
  }

  private Map<String, Long> end(Pod pod) throws InterruptedException {
    Map<String, Long> exitCodes = pod.terminate();
    writeLogs(pod);
    started.remove(pod);
    pod.remove();
    return exitCodes;
  }

  /** Returns what a kubelet would have restarted a container for. */
  List<String> complaints() {
    return started.stream().flatMap(each -> each.complaints().stream()).toList();
  }

  /** Returns the last lines of every container's log. */
  String tails() {
    StringBuilder tails = new StringBuilder();
    started.forEach(each -> tails.append(each.tails(8)));
    return tails.toString();
  }

  private void writeLogs(Pod pod) {
    try {
      pod.writeLogs(logs);
    } catch (IOException unwritable) {
      System.out.println("no logs of " + pod.name() + ": " + unwritable);
    }
  }

  /** Writes the logs, and removes all. */
  void stop() throws InterruptedException {
    for (Pod pod : started) {
      writeLogs(pod);
      pod.remove();
    }
    try {
      service.close();
    } catch (IOException closed) {
      System.out.println("the Service's address: " + closed);
    }
    sandbox.removeClaims();
    networks.close();
  }
}
