package io.warmpath.routing;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The placement policies, by the names that config, commands and reports use. */
public enum Policy {
  /** Each replica in turn. */
  ROUND_ROBIN,
  /** Consistent hashing with bounded loads on the family's key. */
  BOUNDED_LOAD,
  /** Prefix affinity by cost, as Warmpath does it. */
  WARMPATH;

  /** The name in config and reports, such as {@code round-robin}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
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
