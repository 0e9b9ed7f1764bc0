package io.warmpath.routing.replica;

/** A replica's answer to a request. */
public sealed interface Admission {

  /** Pending work before this request, seconds of prefill. */
  double pendingWorkSeconds();

  /** The request is in the queue; {@link ReplicaQueue#next} will hand it out. */
  record Accepted(double pendingWorkSeconds) implements Admission {}

  /**
   * The replica does not take the request.
   *
   * @param reason why
   * @param pendingWorkSeconds pending work now
   * @param retryAfterSeconds when a retry may succeed, 0 when unknown
   */
  record Refused(Reason reason, double pendingWorkSeconds, double retryAfterSeconds)
      implements Admission {}

  /** Why a request was refused. */
  enum Reason {
    /** Pending work is above the request's limit. */
    ABOVE_LIMIT,
    /** The queue is full. */
    QUEUE_FULL,
    /** It would wait longer than it may. */
    QUEUE_WAIT,
  }
}
