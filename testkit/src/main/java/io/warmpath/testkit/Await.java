package io.warmpath.testkit;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a condition of another thread or process that offers no event to wait on. */
public final class Await {

  private static final Duration PERIOD = Duration.ofMillis(2);

  private Await() {}

  /**
   * Returns once {@code condition} holds.
   *
   * @throws AssertionError naming {@code what} when it does not hold within {@code limit}
   */
  public static void until(String what, Duration limit, BooleanSupplier condition) {
    until(what, limit, PERIOD, condition);
  }

  /**
   * Returns once {@code condition} holds; it is asked once a {@code period}, for what is dear to
   * ask.
   *
   * @throws AssertionError naming {@code what} when it does not hold within {@code limit}
   */
  public static void until(
      String what, Duration limit, Duration period, BooleanSupplier condition) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("not within " + limit + ": " + what);
      }
      LockSupport.parkNanos(period.toNanos());
    }
  }
}
