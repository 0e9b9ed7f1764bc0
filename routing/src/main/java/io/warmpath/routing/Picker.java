package io.warmpath.routing;

import org.jspecify.annotations.Nullable;

/**
 * Decides over one published view of one model's fleet. Thread-safe, takes no lock, never blocks.
 * Read it anew from {@link Placement#picker()} for each request.
 */
public interface Picker {

  /** Chooses a replica and counts the request against it until the lease is closed. */
  PickResult pick(PickRequest request);

  /** Makes the same decision with everything that led to it, and changes nothing. */
  Decision explain(PickRequest request);

  /** Returns what is believed of a replica now, or null when it is not in the view. */
  @Nullable ReplicaBelief belief(String replicaId);
}
