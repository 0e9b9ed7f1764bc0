package io.warmpath.simulator.replay;

import io.warmpath.routing.PromptPrefix;

/** An exact index of what every replica has cached now: what no router can have. */
@FunctionalInterface
public interface CacheIndex {

  /** Returns how many tokens of the prompt {@code replicaId} has cached. */
  int cachedTokens(String replicaId, PromptPrefix prefix);
}
