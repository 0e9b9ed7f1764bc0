package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/** Finds where a growing count stops. */
final class RestingPoint {

  private RestingPoint() {}

  /** Returns the last count once none has followed it for a second. */
  static int of(BlockingQueue<Integer> counts) throws InterruptedException {
    @Var Integer last = counts.poll(10, TimeUnit.SECONDS);
    for (Integer next = last; next != null; next = counts.poll(1, TimeUnit.SECONDS)) {
      last = next;
    }
    if (last == null) {
      throw new AssertionError("nothing was counted");
    }
    return last;
  }
}
