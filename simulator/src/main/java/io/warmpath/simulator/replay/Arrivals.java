package io.warmpath.simulator.replay;

import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceRequest;
import java.util.SplittableRandom;

/** When the requests of a trace arrive in replay time. */
final class Arrivals {

  private static final double NANOS_PER_MILLI = 1e6;

  private Arrivals() {}

  /**
   * Returns each request's arrival in nanoseconds: those that one tick of the trace's clock bunches
   * are spread over the tick, uniformly, by a draw of {@code seed}.
   */
  static long[] nanos(Trace trace, double speed, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    long[] nanos = new long[trace.requests().size()];
    for (int i = 0; i < nanos.length; i++) {
      double millis =
          trace.requests().get(i).arrivalMillis() + trace.tickMillis() * random.nextDouble();
      nanos[i] = Math.round(millis * NANOS_PER_MILLI / speed);
    }
    return nanos;
  }

  /**
   * Returns how long after the end of its turn before a request comes in a closed loop. Where the
   * trace does not say, it is the recorded time between both arrivals less {@code serviceSeconds}.
   */
  static long thinkNanos(TraceRequest request, TraceRequest before, double serviceSeconds) {
    TraceRequest.Turn turn = request.turn();
    double known = turn == null ? Double.NaN : turn.thinkMillis();
    double millis =
        Double.isNaN(known)
            ? request.arrivalMillis() - before.arrivalMillis() - 1000 * serviceSeconds
            : known;
    return Math.round(Math.max(0, millis) * NANOS_PER_MILLI);
  }
}
