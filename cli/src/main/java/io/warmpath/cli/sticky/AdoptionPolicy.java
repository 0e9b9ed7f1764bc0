package io.warmpath.cli.sticky;

import io.warmpath.routing.Policy;

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
    return PolicyNames.of(this);
  }

  /**
   * Returns the policy of that name.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  public static AdoptionPolicy of(String id) {
    return PolicyNames.find(values(), id);
  }
}
