package io.warmpath.simulator.trace;

import java.io.IOException;

/** A trace cannot be read; the message is one sentence with the file and the line. */
public final class TraceException extends IOException {

  private static final long serialVersionUID = 1;

  TraceException(String message) {
    super(message);
  }
}
