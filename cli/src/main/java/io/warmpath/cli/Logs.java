package io.warmpath.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/** What is logged beside a command's own output. */
final class Logs {

  private Logs() {}

  /** Leaves only warnings, for commands whose own output says what happens. */
  static void warningsOnly() {
    if (LoggerFactory.getLogger("io.warmpath") instanceof Logger logger) {
      logger.setLevel(Level.WARN);
    }
  }
}
