package io.warmpath.routing.baseline;

import io.warmpath.routing.PromptPrefix;

/**
 * Knows what every replica has cached, now and exactly. Only a replay can be one; policies that are
 * written after routers with an exact index use it in place of their event streams, which errs in
 * their favour.
 */
@FunctionalInterface
public interface CacheIndex {

  /** Returns how many tokens of the prompt {@code replicaId} has cached. */
  int cachedTokens(String replicaId, PromptPrefix prefix);
}
