package io.warmpath.cli.sticky;

import io.warmpath.routing.Policy;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What decides in an {@link AdoptionRun}. */
public enum AdoptionPolicy {
  /** This router as it comes. */
  WARMPATH(Policy.WARMPATH),
  /** By the session's hash alone; without a header, by the conversation's own opening. */
  SESSION_ONLY(Policy.SESSION_HASHING),
  /** The same, but without a header by nothing: such requests go anywhere. */
  HEADER_ONLY(Policy.SESSION_HASHING),
  /** Each replica in turn. */
  ROUND_ROBIN(Policy.ROUND_ROBIN);

  private final Policy routers;

  AdoptionPolicy(Policy routers) {
    this.routers = routers;
  }

  /** The policy that the router is configured with. */
  Policy routers() {
    return routers;
  }

  /** The name on the command line and in results. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Returns the policy of that name.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  public static AdoptionPolicy of(String id) {
    return Arrays.stream(values())
        .filter(policy -> policy.id().equals(id))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown policy \"%s\", known: %s"
                    .formatted(
                        id,
                        Arrays.stream(values())
                            .map(AdoptionPolicy::id)
                            .collect(Collectors.joining(", ")))));
  }
}
