package io.warmpath.agent;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The replicas of an agent, by id.
 *
 * @param byId at least one
 */
record Replicas(Map<String, Replica> byId) {

  /** Returns the replica that a router names; an agent of one replica needs no id. */
  @Nullable Replica find(String id) {
    return id.isEmpty() && byId.size() == 1 ? byId.values().iterator().next() : byId.get(id);
  }

  Collection<Replica> all() {
    return byId.values();
  }

  /** The ids, in the order of the config's engines. */
  List<String> ids() {
    return List.copyOf(byId.keySet());
  }
}
