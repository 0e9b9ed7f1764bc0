package io.warmpath.routing;

/**
 * One request's hold on one replica, from the decision to its outcome. Thread-safe. Closing twice
 * counts once.
 */
public interface Lease {

  /** The replica's identity, for connecting to it. */
  ReplicaReport.Identity replica();

  /** Epoch of the report that the decision used. */
  long epoch();

  /** Why this replica. */
  PickReason reason();

  /** Prompt tokens expected to be cached there. */
  int expectedCachedTokens();

  /**
   * Validated placement: the highest pending work in seconds at which this replica is still the
   * best choice; infinite for no limit.
   */
  double pendingWorkLimitSeconds();

  /** The agent took the request and said its pending work, this request not counted. */
  void accepted(double pendingWorkSeconds);

  /** The first token arrived: the prompt is in the replica's cache now. */
  void firstToken();

  /** Ends the hold; only the first call counts. */
  void close(Outcome outcome);

  /** How a request ended on a replica. */
  sealed interface Outcome {

    /**
     * It ran to its end.
     *
     * @param promptTokens as the engine counted them
     * @param cachedTokens of these, read from the cache
     * @param completionTokens decoded
     */
    record Completed(int promptTokens, int cachedTokens, int completionTokens) implements Outcome {}

    /** The agent refused it; nothing ran. The pending work corrects the router's view. */
    record Refused(double pendingWorkSeconds) implements Outcome {}

    /** The replica failed: connection lost, engine error, time-out. Counts towards ejection. */
    record Failed() implements Outcome {}

    /** The client went away, or the request itself was bad; says nothing about the replica. */
    record Cancelled() implements Outcome {}
  }
}
