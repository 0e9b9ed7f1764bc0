package io.warmpath.router;

/**
 * Why a request ends without an answer, in words for the client. Each front door turns it into its
 * own protocol's status.
 *
 * @param kind what went wrong
 * @param field the field of the request that is to blame, empty when none is
 * @param message one sentence for the client; names no prompt, session or key
 * @param retryAfterSeconds when a retry may succeed, 0 when unknown
 */
record RequestFailure(Kind kind, String field, String message, double retryAfterSeconds) {

  RequestFailure(Kind kind, String message) {
    this(kind, message, 0);
  }

  RequestFailure(Kind kind, String message, double retryAfterSeconds) {
    this(kind, "", message, retryAfterSeconds);
  }

  /** Kinds of failure that the router itself decides on. */
  enum Kind {
    /** A field of the request is bad. */
    BAD_REQUEST,
    /** No such model, or no such adapter of the model. */
    UNKNOWN_MODEL,
    /** The client's explicit routing leaves no replica. */
    CONSTRAINTS_UNSATISFIABLE,
    /** The fleet, or this router, has no room now. */
    OVERLOADED,
    /** No replica of the model is ready. */
    NO_READY_REPLICA,
    /** Replicas failed, and no further one is left to try or the stream had begun. */
    REPLICA_FAILED,
    /** The request ran past its deadline. */
    DEADLINE_EXCEEDED,
    /** The client went away. */
    CANCELLED,
  }
}
