package io.warmpath.routing;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The placement policies, by the names that config, commands and reports use. */
public enum Policy {
  /** Each replica in turn. */
  ROUND_ROBIN,
  /** The fewest requests of this router in flight. */
  LEAST_REQUESTS,
  /** The least pending prefill work. */
  LEAST_PENDING_WORK,
  /** Consistent hashing with bounded loads on the first 1,024 tokens. */
  BOUNDED_LOAD,
  /** The same on the first 256 tokens. */
  BOUNDED_LOAD_256,
  /** Consistent hashing of the session. */
  SESSION_HASHING,
  /** The less loaded of two replicas that the first 1,024 tokens hash to, after DualMap. */
  TWO_CHOICES,
  /** Longest match in a tree of past prompts while balanced, after SGLang's router. */
  CACHE_AWARE_TREE,
  /** Weighted scores of prefix, queue and cache use, after llm-d. */
  WEIGHTED_SCORER,
  /** Uncached plus active blocks over an exact index, after NVIDIA Dynamo. */
  DYNAMO_COST,
  /** Least first-token time over an exact index. */
  EXACT_GREEDY,
  /** Prefix affinity by cost, as Warmpath does it. */
  WARMPATH;

  /** The name in config and reports, such as {@code round-robin}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether it needs to know exactly what all replicas have cached, which only a replay can. */
  public boolean needsCacheIndex() {
    return this == DYNAMO_COST || this == EXACT_GREEDY;
  }

  /**
   * Returns the policy of that name.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  public static Policy of(String id) {
    for (Policy policy : values()) {
      if (policy.id().equals(id)) {
        return policy;
      }
    }
    throw new IllegalArgumentException(
        "unknown policy \""
            + id
            + "\", known: "
            + Arrays.stream(values()).map(Policy::id).collect(Collectors.joining(", ")));
  }
}
