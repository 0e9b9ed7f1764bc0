package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.ReplicaReport;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Everything the data path reads of the control path: published whole, in one volatile field.
 *
 * @param number grows by one with each view; 0 before the first
 * @param publishedNanos when it was published, by the process's ticker
 * @param view the fleet that it was made from
 * @param models by base model name
 * @param adapters base model name by adapter name, for requests that name the adapter as model
 */
record RoutingTable(
    long number,
    long publishedNanos,
    FleetView view,
    @Var Map<String, ModelRoute> models,
    @Var Map<String, String> adapters) {

  RoutingTable {
    models = Map.copyOf(models);
    adapters = Map.copyOf(adapters);
  }

  /**
   * Returns the route of a request.
   *
   * @param model the name of a base model or, as OpenAI clients do, of an adapter
   * @param adapter the adapter, empty for none
   * @throws RequestRefusedException when there is no such model or adapter
   */
  Resolved resolve(String model, String adapter) throws RequestRefusedException {
    ModelRoute route = models.get(model);
    if (route == null) {
      String base = adapter.isEmpty() ? adapters.get(model) : null;
      ModelRoute baseRoute = base == null ? null : models.get(base);
      if (baseRoute == null && number == 0) {
        throw new RequestRefusedException(
            new RequestFailure(
                RequestFailure.Kind.NO_READY_REPLICA, "the fleet is not known yet", 1));
      }
      if (baseRoute == null) {
        throw RequestRefusedException.unknownModel(
            "model '" + Text.shown(model) + "' is not served here");
      }
      return withAdapter(baseRoute, model);
    }
    return adapter.isEmpty() ? new Resolved(route, "", List.of()) : withAdapter(route, adapter);
  }

  private static Resolved withAdapter(ModelRoute route, String adapter)
      throws RequestRefusedException {
    List<String> lacking = route.missingAdapter().get(adapter);
    if (lacking == null) {
      throw RequestRefusedException.unknownModel(
          "lora_adapter '"
              + Text.shown(adapter)
              + "' of model '"
              + route.model()
              + "' is not loaded");
    }
    return new Resolved(route, adapter, lacking);
  }

  /** Whether any replica is ready to serve. */
  boolean anyReady() {
    return view.replicas().stream()
        .anyMatch(observed -> observed.report().state() == ReplicaReport.State.READY);
  }

  /** Whether the replica of that id is ready to serve. */
  boolean isReady(String replicaId) {
    return view.replicas().stream()
        .map(FleetView.Observed::report)
        .anyMatch(
            report -> report.id().equals(replicaId) && report.state() == ReplicaReport.State.READY);
  }

  /**
   * Returns the replicas that are ready and can be sent HTTP requests.
   *
   * @param model base name of the model that they serve, empty for any that is known here
   * @param unable ids of replicas to leave out
   */
  List<ReplicaReport> relaying(String model, List<String> unable) {
    return view.replicas().stream()
        .map(FleetView.Observed::report)
        .filter(report -> report.state() == ReplicaReport.State.READY)
        .filter(report -> !unable.contains(report.id()))
        .filter(report -> !relayedModel(report, model).isEmpty())
        .toList();
  }

  /** Returns which model the replica serves over HTTP, empty for none; {@code wanted} or any. */
  String relayedModel(ReplicaReport report, String wanted) {
    for (ReplicaReport.ServedModel served : report.identity().models()) {
      ModelRoute route = models.get(served.name());
      if (route != null
          && !route.missingRelay().contains(report.id())
          && (wanted.isEmpty() || wanted.equals(served.name()))) {
        return served.name();
      }
    }
    return "";
  }

  /**
   * Returns the route of a request that names no model, while there are any: the first by name of
   * those that a ready replica serves over HTTP, else the first of all.
   */
  ModelRoute any() {
    String name =
        relaying("", List.of()).stream()
            .flatMap(report -> report.identity().models().stream())
            .map(ReplicaReport.ServedModel::name)
            .filter(models::containsKey)
            .min(Comparator.naturalOrder())
            .orElseGet(() -> Collections.min(models.keySet()));
    return Objects.requireNonNull(models.get(name));
  }

  /**
   * A model name, resolved.
   *
   * @param route the base model's route
   * @param adapter the adapter, empty for none
   * @param unable ids of replicas that lack the adapter
   */
  record Resolved(ModelRoute route, String adapter, List<String> unable) {}
}
