package io.warmpath.cli.deploy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * The objects of manifests, as typed models.
 *
 * @param objects in the order of the manifests
 * @param others kinds that have no model here, by what they are called
 */
public record Manifests(List<HasMetadata> objects, List<String> others) {

  /** The folder that holds them all. */
  public static final Path ROOT = Path.of(System.getProperty("warmpath.root"), "deploy", "k8s");

  private static final ObjectMapper JSON =
      new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true);

  private static final Map<String, Class<? extends HasMetadata>> KINDS =
      Map.ofEntries(
          Map.entry("ConfigMap", ConfigMap.class),
          Map.entry("Deployment", Deployment.class),
          Map.entry("HorizontalPodAutoscaler", HorizontalPodAutoscaler.class),
          Map.entry("Namespace", Namespace.class),
          Map.entry("NetworkPolicy", NetworkPolicy.class),
          Map.entry("Pod", Pod.class),
          Map.entry("PodDisruptionBudget", PodDisruptionBudget.class),
          Map.entry("Secret", Secret.class),
          Map.entry("Service", Service.class),
          Map.entry("ServiceAccount", ServiceAccount.class),
          Map.entry("StatefulSet", StatefulSet.class));

  /**
   * Returns what kustomize makes of a directory below {@code deploy/k8s}, or null when there is no
   * kubectl.
   */
  static @Nullable Manifests built(String directory) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(kubectl());
    command.addAll(List.of("kustomize", ROOT.resolve(directory).toString()));
    Process process;
    try {
      process = new ProcessBuilder(command).start();
    } catch (IOException absent) {
      return null;
    }
    String yaml = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String complaint = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
      throw new IOException("kustomize of " + directory + ": " + complaint);
    }
    return parse(yaml);
  }

  /** How kubectl is called here: {@code KUBECTL}, with arguments, or the one on the path. */
  private static List<String> kubectl() {
    String named = System.getenv("KUBECTL");
    return named == null || named.isBlank()
        ? List.of("kubectl")
        : Arrays.asList(named.strip().split("\\s+", -1));
  }

  /** Returns the objects of one file below {@code deploy/k8s}, as it is written. */
  public static Manifests read(String file) throws IOException {
    return parse(Files.readString(ROOT.resolve(file)));
  }

  /** Returns the objects of a YAML stream. */
  static Manifests parse(String yaml) throws IOException {
    List<HasMetadata> objects = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (Object document : new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(yaml)) {
      JsonNode tree = JSON.valueToTree(document);
      @Nullable Class<? extends HasMetadata> type = KINDS.get(tree.path("kind").asText());
      if (type == null) {
        others.add(tree.path("kind").asText() + " " + tree.path("metadata").path("name").asText());
        continue;
      }
      HasMetadata object = JSON.treeToValue(tree, type);
      checkNothingLost(tree, JSON.valueToTree(object), object.getKind());
      checkNoUnknown(object);
      objects.add(object);
    }
    return new Manifests(List.copyOf(objects), List.copyOf(others));
  }

  /** The models keep what they do not know aside, where a typo would go unseen. */
  private static void checkNoUnknown(HasMetadata object) throws IOException {
    Map<String, Object> unknown = new LinkedHashMap<>();
    Unknown.collect(object, object.getKind(), unknown);
    if (!unknown.isEmpty()) {
      throw new IOException("not in the Kubernetes API: " + unknown.keySet());
    }
  }

  private static void checkNothingLost(JsonNode written, JsonNode read, String path)
      throws IOException {
    for (Map.Entry<String, JsonNode> field : written.properties()) {
      boolean empty = field.getValue().isContainerNode() && field.getValue().isEmpty();
      if (!read.has(field.getKey()) && !empty && !field.getValue().isNull()) {
        throw new IOException(path + "." + field.getKey() + " is lost");
      }
      if (field.getValue().isObject()) {
        checkNothingLost(field.getValue(), read.path(field.getKey()), path + "." + field.getKey());
      }
    }
  }

  /** Returns every object of this kind. */
  public <T extends HasMetadata> List<T> all(Class<T> type) {
    return objects.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /** Returns the object of this kind and name. */
  public <T extends HasMetadata> T one(Class<T> type, String name) {
    return all(type).stream()
        .filter(object -> name.equals(object.getMetadata().getName()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("there is no " + type.getSimpleName() + " " + name));
  }

  /** What pods are made from, by the name of the workload. */
  Map<String, PodTemplateSpec> templates() {
    Map<String, PodTemplateSpec> templates = new LinkedHashMap<>();
    all(Deployment.class)
        .forEach(each -> templates.put(each.getMetadata().getName(), each.getSpec().getTemplate()));
    all(StatefulSet.class)
        .forEach(each -> templates.put(each.getMetadata().getName(), each.getSpec().getTemplate()));
    return templates;
  }

  /** Every container of a pod, sidecars included. */
  static List<io.fabric8.kubernetes.api.model.Container> containers(PodSpec pod) {
    return Stream.concat(
            Objects.requireNonNullElse(
                pod.getInitContainers(), List.<io.fabric8.kubernetes.api.model.Container>of())
                .stream(),
            pod.getContainers().stream())
        .toList();
  }

  /** Returns the value of a YAML file as a map. */
  public static Map<String, Object> yaml(String text) {
    Object value = new Yaml(new SafeConstructor(new LoaderOptions())).load(text);
    return JSON.convertValue(value, new TypeReference<Map<String, Object>>() {});
  }
}
