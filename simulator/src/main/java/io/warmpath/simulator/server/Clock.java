package io.warmpath.simulator.server;

import java.time.Instant;

/** The wall clock, for the creation times that answers carry. */
final class Clock {

  private Clock() {}

  static long unixSeconds() {
    return Instant.now().getEpochSecond();
  }
}
