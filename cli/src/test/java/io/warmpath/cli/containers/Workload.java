package io.warmpath.cli.containers;

import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.warmpath.cli.deploy.Manifests;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What pods of one kind are made from.
 *
 * @param replicas how many the manifest wants
 * @param template what each is
 * @param governing the Service that gives each pod of a StatefulSet a name of its own; null for a
 *     Deployment
 * @param services names of those that lead to the pods
 */
record Workload(
    int replicas, PodTemplateSpec template, @Nullable String governing, List<String> services) {

  static Workload deployment(String file, String name) throws IOException {
    Manifests manifests = Manifests.read(file);
    Deployment deployment = manifests.one(Deployment.class, name);
    PodTemplateSpec template = deployment.getSpec().getTemplate();
    return new Workload(
        deployment.getSpec().getReplicas(), template, null, services(manifests, template));
  }

  static Workload statefulSet(String file, String name) throws IOException {
    Manifests manifests = Manifests.read(file);
    StatefulSet set = manifests.one(StatefulSet.class, name);
    PodTemplateSpec template = set.getSpec().getTemplate();
    return new Workload(
        set.getSpec().getReplicas(),
        template,
        set.getSpec().getServiceName(),
        services(manifests, template));
  }

  private static List<String> services(Manifests manifests, PodTemplateSpec template) {
    return manifests.all(Service.class).stream()
        .filter(each ->
            template
                .getMetadata()
                .getLabels()
                .entrySet()
                .containsAll(each.getSpec().getSelector().entrySet()))
        .map(each -> Objects.requireNonNull(each.getMetadata().getName()))
        .toList();
  }

  /** Returns the names by which a pod is found. */
  List<String> names(String pod) {
    List<String> names = new ArrayList<>(services);
    if (governing != null) {
      names.add(pod + "." + governing);
    }
    return names;
  }
}
