package io.warmpath.agent.http;

/** The engine's stream is not what it should be; the message says how, and quotes no content. */
public final class MalformedStreamException extends Exception {

  private static final long serialVersionUID = 1;

  private final String problem;

  /** Says what is wrong with the stream. */
  public MalformedStreamException(String message) {
    super(message);
    this.problem = message;
  }

  /** What is wrong, as a clause. */
  public String problem() {
    return problem;
  }
}
