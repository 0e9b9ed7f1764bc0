package io.warmpath.cli.sticky;

import io.warmpath.routing.Policy;

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
    return PolicyNames.of(this);
  }

  /**
   * Returns the policy of that name.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  public static StickyPolicy of(String id) {
    return PolicyNames.find(values(), id);
  }
}
