package io.warmpath.routing;

/** A monotonic clock in nanoseconds of arbitrary origin; readings compare by subtraction. */
@FunctionalInterface
public interface Ticker {

  /** Returns the current reading. */
  long nanos();

  /** Returns the ticker of the running process. */
  static Ticker system() {
    return System::nanoTime;
  }
}
