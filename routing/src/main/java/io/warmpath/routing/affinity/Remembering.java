package io.warmpath.routing.affinity;

import io.warmpath.routing.AnchorLadder;
import io.warmpath.routing.Lease;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.fleet.ReplicaSlot;
import io.warmpath.routing.fleet.SlotLease;

/**
 * Learns from a lease: anchors when the replica took the request, at its first token and at its
 * end, rank credits from what was found cached.
 *
 * <p>The end counts as a touch because an engine evicts blocks in the order in which the requests
 * that held them ended. A session does not go back to a replica that failed it.
 */
record Remembering(
    Shared shared,
    PromptPrefix prefix,
    long session,
    ReplicaSlot slot,
    boolean anchored,
    int rank,
    Given given)
    implements SlotLease.Observer {

  /**
   * What the replica was given.
   *
   * @param family the family when only its set may serve it, else 0
   * @param workSeconds prefill that it was expected to take
   * @param millis when
   */
  record Given(long family, double workSeconds, long millis) {}

  @Override
  public void cached() {
    PlacementConfig.Prefix config = shared.config().prefix();
    AnchorTable anchors = shared.memory().anchors();
    long millis = shared.now().millis();
    AnchorLadder.forEach(
        prefix.stepCount(),
        config.tokens() / config.stepTokens(),
        step -> anchors.touch(prefix.stepHash(step), slot.number(), millis));
    if (session != 0) {
      anchors.touch(session, slot.number(), millis);
    }
  }

  @Override
  public void closed(Lease.Outcome outcome) {
    switch (outcome) {
      case Lease.Outcome.Completed completed -> {
        cached();
        if (!anchored) {
          shared.memory().credits().learn(rank, completed.cachedTokens());
        }
      }
      case Lease.Outcome.Refused refused -> {
        shared.counters().refused.increment();
        shared
            .memory()
            .work()
            .takeBack(given.family, slot.number(), given.workSeconds, given.millis);
      }
      case Lease.Outcome.Failed failed -> {
        if (session != 0) {
          shared.memory().anchors().forget(session, slot.number());
        }
      }
      case Lease.Outcome.Cancelled cancelled -> {}
    }
  }
}
