package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.v1.PlacementReason;
import io.warmpath.v1.ReplicaState;
import io.warmpath.v1.RoutingSort;

/** The contract's constants as words for people. */
final class Words {

  private Words() {}

  /** Returns a reason such as {@code cached prefix}. */
  static String reason(PlacementReason reason) {
    return plain(reason.name(), "PLACEMENT_REASON_");
  }

  /** Returns a state such as {@code ready}. */
  static String state(ReplicaState state) {
    return plain(state.name(), "REPLICA_STATE_");
  }

  /** Returns what replicas are compared by, such as {@code latency}. */
  static String sort(RoutingSort sort) {
    return plain(sort.name(), "ROUTING_SORT_");
  }

  private static String plain(String constant, String prefix) {
    @Var String name = constant;
    if (name.startsWith(prefix)) {
      name = name.substring(prefix.length());
    }
    return name.toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
  }
}
