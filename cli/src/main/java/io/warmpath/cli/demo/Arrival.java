package io.warmpath.cli.demo;

import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceRequest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One request of a run.
 *
 * @param atNanos when it is sent, since the run's start
 */
record Arrival(long atNanos, TraceRequest request) {

  /**
   * Returns the requests of {@code trace} in order of arrival, {@code speed} times as fast. What
   * came within one tick of the trace's clock is spread over the tick, equally in every run.
   */
  static List<Arrival> of(Trace trace, double speed) {
    SplittableRandom random = new SplittableRandom(trace.requests().size());
    List<Arrival> arrivals = new ArrayList<>();
    for (TraceRequest request : trace.requests()) {
      double millis = request.arrivalMillis() + random.nextDouble() * trace.tickMillis();
      arrivals.add(new Arrival(Math.round(millis / speed * 1e6), request));
    }
    arrivals.sort(Comparator.comparingLong(Arrival::atNanos));
    return List.copyOf(arrivals);
  }
}
