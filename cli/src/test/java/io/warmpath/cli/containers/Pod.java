package io.warmpath.cli.containers;

import com.google.errorprone.annotations.Var;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.Probe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.testcontainers.DockerClientFactory;

/**
 * A pod, and what a kubelet does for it: it starts the sidecars and then the others, each once the
 * one before has passed its startup probe, keeps asking whether they live, and ends the pod by its
 * hooks, signals and grace. What a kubelet would restart for a failed liveness probe is a complaint
 * here.
 */
final class Pod {

  /** Where published ports are reached. */
  static final String HOST = DockerClientFactory.instance().dockerHostIpAddress();

  private final PodPlan plan;
  private final PodSandbox sandbox;
  private final Map<String, PodContainer> containers = new LinkedHashMap<>();
  private final Map<String, Thread> watches = new ConcurrentHashMap<>();
  private final Queue<String> complaints = new ConcurrentLinkedQueue<>();

  Pod(PodPlan plan, PodSandbox sandbox) {
    this.plan = plan;
    this.sandbox = sandbox;
  }

  String name() {
    return plan.name();
  }

  /** Starts the containers, and returns once the last one has passed its startup probe. */
  Pod start() throws InterruptedException {
    for (Container model : plan.containers()) {
      PodContainer container = new PodContainer(plan, model, sandbox, containers.isEmpty());
      if (containers.isEmpty()) {
        container.withNetwork(sandbox.networks().pods());
      } else {
        container.joining(holder());
      }
      containers.put(model.getName(), container);
      container.start();
      awaitStarted(container);
    }
    return this;
  }

  private PodContainer holder() {
    return containers.values().iterator().next();
  }

  PodContainer container(String name) {
    return Objects.requireNonNull(containers.get(name), () -> plan.name() + " has no " + name);
  }

  private void awaitStarted(PodContainer container) throws InterruptedException {
    Probe probe = container.model().getStartupProbe();
    for (int i = 0; i < probe.getFailureThreshold(); i++) {
      if (!container.runs()) {
        break;
      }
      if (passes(container, probe)) {
        watch(container);
        return;
      }
      TimeUnit.SECONDS.sleep(probe.getPeriodSeconds());
    }
    throw new AssertionError(
        plan.name()
            + "/"
            + container.model().getName()
            + " did not start:\n"
            + tail(container, 40));
  }

  private boolean passes(PodContainer container, Probe probe) throws InterruptedException {
    return Prober.passes(probe, name -> port(container, name));
  }

  /** Returns where a port of the pod is reached on this machine, by its name in the manifest. */
  int port(String containerName, String portName) {
    return port(container(containerName), portName);
  }

  private int port(PodContainer container, String nameOrNumber) {
    int number =
        container.model().getPorts().stream()
            .filter(each -> nameOrNumber.equals(each.getName()))
            .mapToInt(ContainerPort::getContainerPort)
            .findFirst()
            .orElseGet(() -> Integer.parseInt(nameOrNumber));
    return holder().portHere(number);
  }

  /** Returns once every container passes its readiness probe. */
  void awaitReady() throws InterruptedException {
    for (PodContainer container : containers.values()) {
      Probe probe = container.model().getReadinessProbe();
      long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
      while (!passes(container, probe)) {
        if (System.nanoTime() - deadline > 0) {
          throw new AssertionError(plan.name() + " is not ready:\n" + tail(container, 40));
        }
        TimeUnit.SECONDS.sleep(probe.getPeriodSeconds());
      }
    }
  }

  private void watch(PodContainer container) {
    watches.put(
        container.model().getName(), Thread.ofVirtual().start(() -> watchUntilStopped(container)));
  }

  private void watchUntilStopped(PodContainer container) {
    Probe probe = container.model().getLivenessProbe();
    @Var int failures = 0;
    try {
      while (true) {
        TimeUnit.SECONDS.sleep(probe.getPeriodSeconds());
        failures = passes(container, probe) ? 0 : failures + 1;
        if (failures == probe.getFailureThreshold()) {
          complaints.add(
              plan.name() + "/" + container.model().getName() + " failed its liveness probe");
        }
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  private void stopWatching(String containerName) throws InterruptedException {
    Thread watch = watches.remove(containerName);
    if (watch != null) {
      watch.interrupt();
      watch.join();
    }
  }

  /** Returns what a kubelet would have restarted a container for. */
  List<String> complaints() {
    return List.copyOf(complaints);
  }

  /** Ends one container at once, as a crash would. */
  void kill(String containerName) throws InterruptedException {
    stopWatching(containerName);
    container(containerName).kill();
  }

  /** Starts a container that has ended, and returns once it has passed its startup probe. */
  void startAgain(String containerName) throws InterruptedException {
    PodContainer container = container(containerName);
    container.startAgain();
    awaitStarted(container);
  }

  /** Cuts the pod from the ZooKeeper servers, and from nothing else. */
  void cutFromZooKeeper() {
    sandbox.networks().leaveZooKeeper(holder().getContainerId());
  }

  void reconnectToZooKeeper() {
    sandbox.networks().joinZooKeeper(holder().getContainerId(), plan.names());
  }

  /**
   * Ends the pod: first the containers, each by its hook and then SIGTERM, then the sidecars from
   * the last one; SIGKILL when the grace is over.
   *
   * @return each container's exit code
   */
  Map<String, Long> terminate() throws InterruptedException {
    long deadline =
        System.nanoTime()
            + TimeUnit.SECONDS.toNanos(plan.spec().getTerminationGracePeriodSeconds());
    Map<Boolean, List<PodContainer>> bySidecar =
        containers.values().stream()
            .collect(Collectors.partitioningBy(each -> PodPlan.isSidecar(each.model())));
    List<PodContainer> order = new ArrayList<>(bySidecar.getOrDefault(false, List.of()));
    order.addAll(bySidecar.getOrDefault(true, List.of()).reversed());
    Map<String, Long> exitCodes = new LinkedHashMap<>();
    for (PodContainer container : order) {
      stopWatching(container.model().getName());
      callHook(container, deadline);
      exitCodes.put(container.model().getName(), container.end(secondsUntil(deadline)));
    }
    return exitCodes;
  }

  private static int secondsUntil(long deadline) {
    return Math.toIntExact(
        Math.max(1, TimeUnit.NANOSECONDS.toSeconds(deadline - System.nanoTime())));
  }

  private void callHook(PodContainer container, long deadline) throws InterruptedException {
    if (container.model().getLifecycle() == null) {
      return;
    }
    LifecycleHandler hook = container.model().getLifecycle().getPreStop();
    if (hook.getSleep() != null) {
      TimeUnit.SECONDS.sleep(hook.getSleep().getSeconds());
    } else {
      Prober.get(
          hook.getHttpGet(),
          name -> port(container, name),
          Duration.ofSeconds(secondsUntil(deadline)));
    }
  }

  /** Writes each container's log to a file in {@code directory}. */
  void writeLogs(Path directory) throws IOException {
    for (PodContainer container : containers.values()) {
      if (container.getContainerId() != null) {
        Files.writeString(
            directory.resolve(plan.name() + "-" + container.model().getName() + ".log"),
            container.getLogs());
      }
    }
  }

  /** Returns the last lines of each container's log. */
  String tails(int lines) {
    StringBuilder tails = new StringBuilder();
    containers.forEach((name, container) ->
        tails.append("--- " + plan.name() + "/" + name + "\n").append(tail(container, lines)));
    return tails.toString();
  }

  private static String tail(PodContainer container, int lines) {
    List<String> all = container.getLogs().lines().toList();
    return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size())) + "\n";
  }

  /** Removes what is left of it. */
  void remove() throws InterruptedException {
    for (String name : List.copyOf(watches.keySet())) {
      stopWatching(name);
    }
    List.copyOf(containers.values()).reversed().forEach(PodContainer::stop);
  }
}
