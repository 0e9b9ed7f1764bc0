package io.warmpath.routing.affinity;

import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.fleet.Eligibility;

/**
 * One decision's inputs and its deliberation, to hand around.
 *
 * @param request what is to be placed
 * @param eligibility who may take it at all
 * @param deliberation what is found, considered and chosen
 * @param affinity whether cached prefixes count
 * @param now the moment of the decision
 */
record Task(
    PickRequest request,
    Eligibility eligibility,
    Deliberation deliberation,
    boolean affinity,
    Moment now) {

  PromptPrefix prefix() {
    return request.prefix();
  }
}
