package io.warmpath.cli.sticky;

import io.warmpath.routing.Policy;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What is compared. */
public enum StickyPolicy {
  /** This router as it comes, told of no session. */
  WARMPATH(Policy.WARMPATH),
  /** Each replica in turn. */
  ROUND_ROBIN(Policy.ROUND_ROBIN),
  /** Any replica, drawn by the client, who names it. */
  RANDOM(Policy.WARMPATH),
  /** By the session's hash alone; the client sends one session for each round. */
  SESSION_ONLY(Policy.SESSION_HASHING);

  private final Policy routers;

  StickyPolicy(Policy routers) {
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
  public static StickyPolicy of(String id) {
    return Arrays.stream(values())
        .filter(policy -> policy.id().equals(id))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown policy \"%s\", known: %s"
                    .formatted(
                        id,
                        Arrays.stream(values())
                            .map(StickyPolicy::id)
                            .collect(Collectors.joining(", ")))));
  }
}
