package io.warmpath.routing;

import com.google.errorprone.annotations.Var;
import java.util.List;

/**
 * Everything a router knows of a fleet at one moment, whole, never a delta.
 *
 * @param replicas one entry a live replica, in any order, ids distinct
 * @param routerCount routers alive, this one included, at least 1
 * @param routerIndex this router's position among them in id order, 0..routerCount-1
 */
public record FleetView(@Var List<Observed> replicas, int routerCount, int routerIndex) {

  /** No replica, one router. */
  public static final FleetView EMPTY = new FleetView(List.of(), 1, 0);

  public FleetView {
    replicas = List.copyOf(replicas);
    if (routerCount < 1 || routerIndex < 0 || routerIndex >= routerCount) {
      throw new IllegalArgumentException("router " + routerIndex + " of " + routerCount);
    }
  }

  /**
   * A report and when this process received it.
   *
   * @param report what the replica said
   * @param receivedNanos reading of this process's ticker when the report arrived
   */
  public record Observed(ReplicaReport report, long receivedNanos) {}
}
