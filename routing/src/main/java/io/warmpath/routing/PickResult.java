package io.warmpath.routing;

/** The outcome of one decision. */
public sealed interface PickResult {

  /** The request goes to the leased replica; the lease must be closed exactly once. */
  record Assigned(Lease lease) implements PickResult {}

  /**
   * No replica may take the request now.
   *
   * @param reason why
   * @param retryAfterSeconds when a retry may succeed, 0 when unknown
   */
  record Rejected(Reason reason, double retryAfterSeconds) implements PickResult {

    /** Why no replica took the request. */
    public enum Reason {
      /** No replica of the model is ready, or those that are failed too often of late. */
      NO_READY_REPLICA,
      /** The client's explicit routing leaves no replica. */
      CONSTRAINTS_UNSATISFIABLE,
      /** Every ready replica was tried before. */
      EXHAUSTED,
      /** Every ready replica is saturated or would make the request wait too long. */
      OVERLOADED,
    }
  }
}
