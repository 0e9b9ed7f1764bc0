package io.warmpath.routing.affinity;

import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.fleet.Eligibility;
import org.jspecify.annotations.Nullable;

/**
 * One decision's inputs and its deliberation, to hand around.
 *
 * @param request what is to be placed
 * @param settings what the config says of the prompt's family, or null
 * @param eligibility who may take it at all
 * @param deliberation what is found, considered and chosen
 * @param affinity whether cached prefixes count
 * @param now the moment of the decision
 */
record Task(
    PickRequest request,
    PlacementConfig.@Nullable PinnedFamily settings,
    Eligibility eligibility,
    Deliberation deliberation,
    boolean affinity,
    Moment now) {

  PromptPrefix prefix() {
    return request.prefix();
  }

  /** Returns what the client wants to be served by, or null for the policy's rule. */
  PickRequest.@Nullable Sort sort() {
    return request.sort();
  }

  /** Returns what holds where only the family's replica set may serve, or null. */
  PlacementConfig.@Nullable Confinement confinement() {
    return affinity && settings != null ? settings.confinement() : null;
  }

  /** Whether only the family's replica set may serve. */
  boolean isConfined() {
    return confinement() != null;
  }

  /** Returns the last touch that still counts, given how long touches count at most. */
  long oldestMillis(double ttlSeconds) {
    double least = settings == null ? ttlSeconds : Math.min(ttlSeconds, settings.ttlSeconds());
    return least == Double.POSITIVE_INFINITY ? 0 : now.millis() - (long) (least * 1000);
  }
}
