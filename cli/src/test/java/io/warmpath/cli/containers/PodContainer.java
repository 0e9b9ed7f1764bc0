package io.warmpath.cli.containers;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Ports;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/** One container of a pod, by the manifest. */
final class PodContainer extends GenericContainer<PodContainer> {

  private final PodPlan plan;
  private final Container model;
  private final PodSandbox sandbox;
  private final boolean first;

  /**
   * A container that is not there yet.
   *
   * @param first whether it holds the pod's network, which the others then join
   */
  PodContainer(PodPlan plan, Container model, PodSandbox sandbox, boolean first) {
    super(DockerImageName.parse(model.getImage()));
    this.plan = plan;
    this.model = model;
    this.sandbox = sandbox;
    this.first = first;
    withImagePullPolicy(image -> false);
    withCommand(plan.arguments(model));
    withEnv(plan.environment(model));
    withCreateContainerCmdModifier(this::configure);
  }

  /** Joins the network of the pod's first container. */
  PodContainer joining(PodContainer holder) {
    return withNetworkMode("container:" + holder.getContainerId());
  }

  Container model() {
    return model;
  }

  private void configure(CreateContainerCmd command) {
    HostConfig host = Objects.requireNonNull(command.getHostConfig());
    PodSecurityContext security = plan.spec().getSecurityContext();
    command.withUser(security.getRunAsUser() + ":" + security.getRunAsGroup());
    host.withReadonlyRootfs(model.getSecurityContext().getReadOnlyRootFilesystem())
        .withCapDrop(
            model.getSecurityContext().getCapabilities().getDrop().stream()
                .map(Capability::valueOf)
                .toArray(Capability[]::new))
        .withMemory(bytes(Objects.requireNonNull(model.getResources().getLimits().get("memory"))));
    if (!model.getSecurityContext().getAllowPrivilegeEscalation()) {
      host.withSecurityOpts(List.of("no-new-privileges"));
    }
    mount(host);
    if (first) {
      command.withHostName(plan.name()).withIpv4Address(plan.address());
      publish(command, host);
    }
  }

  private void mount(HostConfig host) {
    Map<String, String> memory = new HashMap<>();
    List<Bind> binds = new ArrayList<>();
    for (VolumeMount each : model.getVolumeMounts()) {
      Volume volume = volume(each.getName());
      if (volume == null) {
        binds.add(
            Bind.parse(sandbox.claim(plan.name(), each.getName()) + ":" + each.getMountPath()));
      } else if (volume.getConfigMap() != null) {
        binds.add(
            new Bind(
                sandbox.configMaps().folder(volume.getConfigMap().getName()).toString(),
                new com.github.dockerjava.api.model.Volume(each.getMountPath()),
                AccessMode.ro));
      } else {
        memory.put(
            each.getMountPath(),
            "rw,exec,mode=1777,size=" + bytes(volume.getEmptyDir().getSizeLimit()));
      }
    }
    host.withTmpFs(memory).withBinds(binds);
  }

  /** Returns what a mount's name means in the pod; null for a claim of the StatefulSet's. */
  private @Nullable Volume volume(String name) {
    return plan.spec().getVolumes().stream()
        .filter(each -> each.getName().equals(name))
        .findFirst()
        .orElse(null);
  }

  /** Opens every port of the pod on this machine, for the probes and the Service. */
  private void publish(CreateContainerCmd command, HostConfig host) {
    Ports bindings = new Ports();
    List<ExposedPort> exposed = new ArrayList<>();
    for (Container container : plan.containers()) {
      for (ContainerPort port : container.getPorts()) {
        ExposedPort number = ExposedPort.tcp(port.getContainerPort());
        exposed.add(number);
        bindings.bind(number, Ports.Binding.empty());
      }
    }
    command.withExposedPorts(exposed);
    host.withPortBindings(bindings);
  }

  private static long bytes(Quantity quantity) {
    return Quantity.getAmountInBytes(quantity).longValueExact();
  }

  /** Its second network must be there before it starts; the engine takes only one at first. */
  @Override
  protected void containerIsCreated(String containerId) {
    if (first) {
      sandbox.networks().joinZooKeeper(containerId, plan.names());
    }
  }

  /** Waits for nothing: the pod's probes say when it has started. */
  @Override
  protected void waitUntilContainerStarted() {}

  /** Returns where a port is reached on this machine now; a restart may change it. */
  int portHere(int port) {
    Ports.Binding[] bindings =
        state().getNetworkSettings().getPorts().getBindings().get(ExposedPort.tcp(port));
    if (bindings == null || bindings.length == 0) {
      throw new IllegalStateException(plan.name() + " does not run, so port " + port + " is none");
    }
    return Integer.parseInt(bindings[0].getHostPortSpec());
  }

  /** Returns what the engine says of it now. */
  InspectContainerResponse state() {
    return ContainerEngine.client().inspectContainerCmd(getContainerId()).exec();
  }

  boolean runs() {
    return Boolean.TRUE.equals(state().getState().getRunning());
  }

  /** Ends it at once, as a crash would. */
  void kill() {
    ContainerEngine.client().killContainerCmd(getContainerId()).exec();
  }

  /** Starts it again after its end, with its volumes. */
  void startAgain() {
    ContainerEngine.client().startContainerCmd(getContainerId()).exec();
  }

  /**
   * Sends SIGTERM, waits, and after {@code seconds} sends SIGKILL.
   *
   * @return its exit code, 137 after SIGKILL
   */
  long end(int seconds) {
    ContainerEngine.client().stopContainerCmd(getContainerId()).withTimeout(seconds).exec();
    return Objects.requireNonNull(state().getState().getExitCodeLong());
  }
}
