package io.warmpath.routing.baseline;

import io.warmpath.routing.Lease;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.fleet.Eligibility;
import io.warmpath.routing.fleet.Fleet;

/**
 * A policy's rule for one choice. State that outlives the choice is the rule's own and must be
 * thread-safe.
 */
interface Rule {

  /** What a rule looks at. */
  record Situation(Fleet fleet, PickRequest request, Eligibility eligibility, long nowNanos) {

    PromptPrefix prefix() {
      return request.prefix();
    }

    boolean isEligible(int index) {
      return eligibility.isEligible(index);
    }
  }

  /** The name in config and reports. */
  String name();

  /** Returns an eligible replica's index, or -1 when none is; changes nothing. */
  int choose(Situation situation);

  /** Returns the prompt tokens that the rule believes cached on replica {@code index}. */
  default int matchedTokens(Situation situation, int index) {
    return 0;
  }

  /** The request was placed on replica {@code index}. */
  default void placed(Situation situation, int index) {}

  /** The replica with that slot has the prompt in its cache. */
  default void cached(PromptPrefix prefix, int slotNumber) {}

  /** A request that was placed on the replica with that slot ended. */
  default void closed(PromptPrefix prefix, int slotNumber, Lease.Outcome outcome) {}

  /** A new view was published. */
  default void updated(Fleet fleet, long nowNanos) {}
}
