package io.warmpath.agent.engine;

/** A metrics page that cannot be believed; the message says why. */
public final class MalformedMetricsException extends Exception {

  private static final long serialVersionUID = 1;

  /** Says what is wrong with the page. */
  public MalformedMetricsException(String message) {
    super(message);
  }
}
