package io.warmpath.agent.kv;

/** A message that is not a batch of cache events; the message says why. */
public final class MalformedEventException extends Exception {

  private static final long serialVersionUID = 1;

  /** Says what is wrong with the message. */
  public MalformedEventException(String message) {
    super(message);
  }
}
