package io.warmpath.agent.engine;

/** A metrics page that cannot be believed; the message says why. */
public final class MalformedMetricsException extends Exception {

  private static final long serialVersionUID = 1;

  private final String problem;

  /** Says what is wrong with the page. */
  public MalformedMetricsException(String message) {
    super(message);
    this.problem = message;
  }

  /** What is wrong, as a clause. */
  public String problem() {
    return problem;
  }
}
