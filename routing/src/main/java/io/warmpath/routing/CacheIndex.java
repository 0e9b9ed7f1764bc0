package io.warmpath.routing;

/**
 * Says exactly what every replica has cached now. No router can know it; a replay can, for the
 * policies that are written after an exact global index.
 */
@FunctionalInterface
public interface CacheIndex {

  /** Returns how many tokens of the prompt {@code replicaId} has cached; 0 for one that is gone. */
  int cachedTokens(String replicaId, PromptPrefix prefix);
}
