package io.warmpath.cli.containers;

import com.google.errorprone.annotations.Var;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a kubelet knows of a pod before it starts it.
 *
 * @param name the pod's name
 * @param address its address in the network of pods
 * @param names by which other pods find it
 * @param spec what the manifest says of it
 * @param secrets values by {@code SECRET/KEY}
 * @param extraEnvironment for every container, beside the manifest's
 */
record PodPlan(
    String name,
    String address,
    List<String> names,
    PodSpec spec,
    Map<String, String> secrets,
    Map<String, String> extraEnvironment) {

  /** Returns the containers in the order in which they start: sidecars, then the others. */
  List<Container> containers() {
    List<Container> containers = new ArrayList<>();
    containers.addAll(Objects.requireNonNullElse(spec.getInitContainers(), List.of()));
    containers.addAll(spec.getContainers());
    return containers;
  }

  /** Returns whether a container starts before the others and ends after them. */
  static boolean isSidecar(Container container) {
    return "Always".equals(container.getRestartPolicy());
  }

  /** Returns the environment of a container, with references resolved. */
  Map<String, String> environment(Container container) {
    Map<String, String> environment = new LinkedHashMap<>(extraEnvironment);
    for (EnvVar each : Objects.requireNonNullElse(container.getEnv(), List.<EnvVar>of())) {
      environment.put(
          each.getName(),
          each.getValueFrom() == null ? each.getValue() : resolve(each.getValueFrom()));
    }
    return environment;
  }

  private String resolve(EnvVarSource source) {
    if (source.getSecretKeyRef() != null) {
      String key = source.getSecretKeyRef().getName() + "/" + source.getSecretKeyRef().getKey();
      return Objects.requireNonNull(secrets.get(key), () -> "no secret " + key);
    }
    return switch (source.getFieldRef().getFieldPath()) {
      case "metadata.name" -> name;
      case "status.podIP" -> address;
      case String other -> throw new IllegalArgumentException("field " + other);
    };
  }

  /** Returns the arguments of a container, {@code $(NAME)} replaced by its environment. */
  String[] arguments(Container container) {
    Map<String, String> environment = environment(container);
    return container.getArgs().stream()
        .map(argument -> expand(argument, environment))
        .toArray(String[]::new);
  }

  private static String expand(String argument, Map<String, String> environment) {
    @Var String expanded = argument;
    for (Map.Entry<String, String> each : environment.entrySet()) {
      expanded = expanded.replace("$(" + each.getKey() + ")", each.getValue());
    }
    return expanded;
  }
}
