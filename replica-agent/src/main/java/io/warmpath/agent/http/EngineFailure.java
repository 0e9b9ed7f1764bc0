package io.warmpath.agent.http;

/**
 * Why an exchange with the engine did not end as HTTP wants it to.
 *
 * @param kind what went wrong
 * @param message one clause that says it, fit for a log line
 */
public record EngineFailure(Kind kind, String message) {

  /** What can go wrong with an exchange. */
  public enum Kind {
    /** Nobody listens there, or the connection could not be made in time. */
    CONNECT,
    /** The engine closed or reset the connection before its answer was complete. */
    CLOSED,
    /** The engine was silent, or not done, for too long. */
    TIMEOUT,
    /** The answer is not HTTP. */
    MALFORMED,
    /** All connections that the engine may have are in use. */
    NO_CONNECTION,
  }
}
