package io.warmpath.cli.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.warmpath.cli.settings.AgentSettings;
import io.warmpath.cli.settings.RouterSettings;
import io.warmpath.config.ConfigException;
import io.warmpath.config.ConfigReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each overlay as the real kustomize builds it; skipped where there is no kubectl. */
final class ManifestsTest {

  private static final String DEV = "overlays/dev";
  private static final String GPU = "overlays/gpu";
  private static final String EXISTING = "overlays/existing-zookeeper";
  private static final ConfigReader READER =
      new ConfigReader(
          Map.of(
              "POD_NAME", "pod-0",
              "POD_IP", "10.0.0.1",
              "SESSION_SECRET", "s",
              "ZOOKEEPER_DIGEST", "user:password"));

  private static Manifests build(String overlay) throws IOException, InterruptedException {
    @Nullable Manifests manifests = Manifests.built(overlay);
    if (manifests == null) {
      System.out.println("skipped: the manifests' tests need kubectl, or KUBECTL that names one");
    }
    assumeTrue(manifests != null, "no kubectl");
    return Objects.requireNonNull(manifests);
  }

  @ParameterizedTest
  @ValueSource(strings = {DEV, GPU, EXISTING})
  void everyObject_isOfTheKubernetesApi(String overlay) throws Exception {
    Manifests manifests = build(overlay);
    assertThat(manifests.others()).isEmpty();
    assertThat(manifests.objects()).hasSizeGreaterThan(10);
    assertThat(manifests.objects())
        .filteredOn(object -> !object.getKind().equals("Namespace"))
        .allSatisfy(
            object -> assertThat(object.getMetadata().getNamespace()).isEqualTo("warmpath"));
  }

  @ParameterizedTest
  @ValueSource(strings = {DEV, GPU, EXISTING})
  void everyContainer_isConfinedProbedAndLimited(String overlay) throws Exception {
    build(overlay)
        .templates()
        .forEach((workload, template) -> {
          assertThat(template.getSpec().getSecurityContext().getRunAsNonRoot())
              .as("%s runs as non-root", workload)
              .isTrue();
          assertThat(template.getSpec().getAutomountServiceAccountToken()).isFalse();
          Manifests.containers(template.getSpec())
              .forEach(container -> checkContainer(workload, container));
        });
  }

  private static void checkContainer(String workload, Container container) {
    String name = workload + "/" + container.getName();
    assertThat(container.getImage()).as(name).contains(":").doesNotEndWith(":latest");
    assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).as(name).isTrue();
    assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).as(name).isFalse();
    assertThat(container.getSecurityContext().getCapabilities().getDrop())
        .as(name)
        .containsExactly("ALL");
    assertThat(container.getResources().getRequests()).as(name).containsKeys("cpu", "memory");
    assertThat(container.getResources().getLimits()).as(name).containsKey("memory");
    for (Probe probe : probes(container)) {
      assertThat(probe).as("%s has a startup, a liveness and a readiness probe", name).isNotNull();
    }
  }

  private static List<Probe> probes(Container container) {
    return java.util.Arrays.asList(
        container.getStartupProbe(), container.getLivenessProbe(), container.getReadinessProbe());
  }

  @ParameterizedTest
  @ValueSource(strings = {DEV, GPU, EXISTING})
  void ports_areThoseThatTheConfigsListenOn(String overlay) throws Exception {
    Manifests manifests = build(overlay);
    RouterSettings router = router(manifests);
    Map<String, PodTemplateSpec> templates = manifests.templates();
    assertThat(ports(templates, "router", "router"))
        .isEqualTo(
            Map.of(
                "http", router.http().port(),
                "grpc", router.listen().port(),
                "admin", router.admin().port()));
    AgentSettings agent = agent(manifests);
    assertThat(ports(templates, "replica", "agent"))
        .isEqualTo(
            Map.of(
                "grpc", agent.listen().port(),
                "admin", agent.admin().port(),
                "relay", agent.relay().port()));
    assertThat(ports(templates, "replica", "engine"))
        .isEqualTo(
            Map.of(
                "engine", agent.config().engines().getFirst().url().endsWith(":8001") ? 8001 : 0));
  }

  private static Map<String, Integer> ports(
      Map<String, PodTemplateSpec> templates, String workload, String container) {
    PodTemplateSpec template = Objects.requireNonNull(templates.get(workload));
    return Manifests.containers(template.getSpec()).stream()
        .filter(each -> each.getName().equals(container))
        .flatMap(each -> each.getPorts().stream())
        .collect(Collectors.toMap(ContainerPort::getName, ContainerPort::getContainerPort));
  }

  @ParameterizedTest
  @ValueSource(strings = {DEV, GPU, EXISTING})
  void probesAndHooks_callPortsAndPathsThatAreThere(String overlay) throws Exception {
    Manifests manifests = build(overlay);
    manifests
        .templates()
        .forEach((workload, template) -> {
          Set<Integer> numbers =
              Manifests.containers(template.getSpec()).stream()
                  .flatMap(each -> each.getPorts().stream())
                  .map(ContainerPort::getContainerPort)
                  .collect(Collectors.toSet());
          for (Container container : Manifests.containers(template.getSpec())) {
            calls(container)
                .forEach(call -> {
                  assertThat(call.getPath()).isIn("/health", "/ready", "/drain");
                  assertThat(portOf(call.getPort(), container, numbers))
                      .as("%s/%s calls %s", workload, container.getName(), call.getPort())
                      .isTrue();
                });
          }
        });
  }

  private static Stream<HTTPGetAction> calls(Container container) {
    Stream<HTTPGetAction> ofProbes =
        probes(container).stream().map(Probe::getHttpGet).filter(Objects::nonNull);
    boolean hook =
        container.getLifecycle() != null
            && container.getLifecycle().getPreStop() != null
            && container.getLifecycle().getPreStop().getHttpGet() != null;
    return hook
        ? Stream.concat(ofProbes, Stream.of(container.getLifecycle().getPreStop().getHttpGet()))
        : ofProbes;
  }

  private static boolean portOf(IntOrString port, Container container, Set<Integer> ofPod) {
    return port.getStrVal() == null
        ? ofPod.contains(port.getIntVal())
        : container.getPorts().stream().anyMatch(each -> each.getName().equals(port.getStrVal()));
  }

  @ParameterizedTest
  @ValueSource(strings = {DEV, GPU, EXISTING})
  void selectors_choosePodsThatHaveThePorts(String overlay) throws Exception {
    Manifests manifests = build(overlay);
    for (Service service : manifests.all(Service.class)) {
      PodTemplateSpec template = chosen(manifests, service.getSpec().getSelector());
      for (ServicePort port : service.getSpec().getPorts()) {
        assertThat(
                Manifests.containers(template.getSpec()).stream()
                    .flatMap(each -> each.getPorts().stream())
                    .filter(each -> each.getName().equals(port.getTargetPort().getStrVal()))
                    .map(ContainerPort::getContainerPort))
            .as("port %s of service %s", port.getName(), service.getMetadata().getName())
            .containsExactly(port.getPort());
      }
    }
    manifests
        .all(PodDisruptionBudget.class)
        .forEach(budget ->
            assertThat(chosen(manifests, budget.getSpec().getSelector().getMatchLabels()))
                .isNotNull());
    manifests
        .all(Deployment.class)
        .forEach(each ->
            assertThat(each.getSpec().getTemplate().getMetadata().getLabels())
                .containsAllEntriesOf(each.getSpec().getSelector().getMatchLabels()));
    manifests
        .all(StatefulSet.class)
        .forEach(each -> {
          assertThat(each.getSpec().getTemplate().getMetadata().getLabels())
              .containsAllEntriesOf(each.getSpec().getSelector().getMatchLabels());
          assertThat(
                  manifests
                      .one(Service.class, each.getSpec().getServiceName())
                      .getSpec()
                      .getClusterIP())
              .isEqualTo("None");
        });
  }

  private static PodTemplateSpec chosen(Manifests manifests, Map<String, String> selector) {
    List<PodTemplateSpec> chosen =
        manifests.templates().values().stream()
            .filter(
                each -> each.getMetadata().getLabels().entrySet().containsAll(selector.entrySet()))
            .toList();
    assertThat(chosen).as("workloads that %s selects", selector).hasSize(1);
    return chosen.getFirst();
  }

  @ParameterizedTest
  @ValueSource(strings = {DEV, GPU, EXISTING})
  void configMapsAndSecrets_thatPodsUse_areThereOrAreNamedInTheGuide(String overlay)
      throws Exception {
    Manifests manifests = build(overlay);
    Set<String> there =
        manifests.all(ConfigMap.class).stream()
            .map(HasMetadata::getMetadata)
            .map(metadata -> metadata.getName())
            .collect(Collectors.toSet());
    manifests
        .templates()
        .forEach((workload, template) ->
            template.getSpec().getVolumes().stream()
                .filter(volume -> volume.getConfigMap() != null)
                .forEach(volume ->
                    assertThat(there)
                        .as("config maps for %s", workload)
                        .contains(volume.getConfigMap().getName())));
  }

  @ParameterizedTest
  @ValueSource(strings = {DEV, GPU, EXISTING})
  void configs_passTheCheckAndLeaveTimeForTheDrain(String overlay) throws Exception {
    Manifests manifests = build(overlay);
    Duration router = router(manifests).config().drainTimeout();
    PodTemplateSpec routerPod = Objects.requireNonNull(manifests.templates().get("router"));
    long preStop =
        routerPod
            .getSpec()
            .getContainers()
            .getFirst()
            .getLifecycle()
            .getPreStop()
            .getSleep()
            .getSeconds();
    assertThat(routerPod.getSpec().getTerminationGracePeriodSeconds())
        .isGreaterThan(router.toSeconds() + preStop);
    Duration agent = agent(manifests).config().drainTimeout();
    assertThat(
            Objects.requireNonNull(manifests.templates().get("replica"))
                .getSpec()
                .getTerminationGracePeriodSeconds())
        .isGreaterThan(agent.toSeconds());
    assertThat(router(manifests).config().families()).isNotEmpty();
  }

  private static String text(Manifests manifests, String configMap, String file) {
    return Objects.requireNonNull(manifests.one(ConfigMap.class, configMap).getData().get(file));
  }

  private static RouterSettings router(Manifests manifests) throws ConfigException {
    return READER.parse(
        text(manifests, "warmpath-router", "router.yaml"),
        "router.yaml",
        Path.of(""),
        RouterSettings.class);
  }

  private static AgentSettings agent(Manifests manifests) throws ConfigException {
    return READER.parse(
        text(manifests, "warmpath-agent", "agent.yaml"),
        "agent.yaml",
        Path.of(""),
        AgentSettings.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {DEV, GPU, EXISTING})
  void engine_isReachableByNoNetworkPolicy(String overlay) throws Exception {
    Manifests manifests = build(overlay);
    List<NetworkPolicy> policies = manifests.all(NetworkPolicy.class);
    assertThat(policies)
        .as("a policy that denies what no other allows")
        .anyMatch(each ->
            each.getSpec().getPodSelector().getMatchLabels().isEmpty()
                && each.getSpec().getIngress().isEmpty());
    for (NetworkPolicy policy : policies) {
      for (NetworkPolicyIngressRule rule : policy.getSpec().getIngress()) {
        assertThat(rule.getPorts()).as("a rule without ports would allow all").isNotEmpty();
        assertThat(rule.getPorts()).noneMatch(port -> port.getPort().getIntVal() == 8001);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {DEV, GPU, EXISTING})
  void router_isSpreadScaledAndNeverAllGone(String overlay) throws Exception {
    Manifests manifests = build(overlay);
    Deployment router = manifests.one(Deployment.class, "router");
    assertThat(router.getSpec().getReplicas()).isEqualTo(2);
    assertThat(router.getSpec().getStrategy().getRollingUpdate().getMaxUnavailable().getIntVal())
        .isZero();
    assertThat(router.getSpec().getTemplate().getSpec().getTopologySpreadConstraints()).hasSize(2);
    assertThat(manifests.one(PodDisruptionBudget.class, "router").getSpec().getMinAvailable())
        .isNotNull();
    assertThat(
            manifests
                .one(HorizontalPodAutoscaler.class, "router")
                .getSpec()
                .getScaleTargetRef()
                .getName())
        .isEqualTo("router");
  }

  @ParameterizedTest
  @ValueSource(strings = {GPU})
  void zooKeeper_inProduction_isAnEnsembleOnNodesOfItsOwn(String overlay) throws Exception {
    StatefulSet zooKeeper = build(overlay).one(StatefulSet.class, "zookeeper");
    assertThat(zooKeeper.getSpec().getReplicas()).isEqualTo(3);
    assertThat(zooKeeper.getSpec().getVolumeClaimTemplates()).hasSize(1);
    assertThat(zooKeeper.getSpec().getTemplate().getSpec().getAffinity().getPodAntiAffinity())
        .isNotNull();
  }
}
