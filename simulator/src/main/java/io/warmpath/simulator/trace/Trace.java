package io.warmpath.simulator.trace;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A trace: requests in order of arrival. A turn's parent comes before it.
 *
 * @param name what to call it in a report
 * @param blockTokens tokens a block id stands for, at least 1
 * @param tickMillis period of the clock that stamped the arrivals, 0 when they are not bunched
 * @param requests in order of arrival
 */
public record Trace(
    String name, int blockTokens, double tickMillis, @Var List<TraceRequest> requests) {

  /*
   * A clock of some seconds stamps a public trace: all that came during one tick carry one time.
   * Replayed as they stand, they would arrive as one burst. A gap that is the median of the gaps
   * between distinct times, shared by several requests on average, is taken as the tick.
   */
  private static final int REQUESTS_A_TICK = 3;
  private static final double SHORTEST_TICK_MILLIS = 100;

  public Trace {
    requests = List.copyOf(requests);
    if (blockTokens < 1 || !(tickMillis >= 0)) {
      throw new IllegalArgumentException(
          "blockTokens: " + blockTokens + ", tickMillis: " + tickMillis);
    }
  }

  /** Returns a trace of these requests, its tick found in their arrivals. */
  public static Trace of(String name, int blockTokens, List<TraceRequest> requests) {
    double[] arrivals = requests.stream().mapToDouble(TraceRequest::arrivalMillis).toArray();
    return new Trace(name, blockTokens, tickMillis(arrivals), requests);
  }

  /** Returns the first {@code count} requests. */
  public Trace limit(int count) {
    return new Trace(
        name, blockTokens, tickMillis, requests.subList(0, Math.min(count, requests.size())));
  }

  /** Returns the same requests, each with at most {@code tokens} decoded tokens. */
  public Trace withOutputAtMost(int tokens) {
    return new Trace(
        name,
        blockTokens,
        tickMillis,
        requests.stream().map(request -> request.withOutputAtMost(tokens)).toList());
  }

  /** Returns whether any request is a later turn of a conversation. */
  public boolean hasTurns() {
    return requests.stream().map(TraceRequest::turn).anyMatch(Trace::isLaterTurn);
  }

  private static boolean isLaterTurn(TraceRequest.@Nullable Turn turn) {
    return turn != null && turn.parent() >= 0;
  }

  /** Returns the period of the clock that stamped {@code ascending} arrivals, 0 for none. */
  static double tickMillis(double[] ascending) {
    double[] gaps = new double[ascending.length];
    @Var int count = 0;
    for (int i = 1; i < ascending.length; i++) {
      if (ascending[i] > ascending[i - 1]) {
        gaps[count++] = ascending[i] - ascending[i - 1];
      }
    }
    if (count < 2 || ascending.length < (long) REQUESTS_A_TICK * count) {
      return 0;
    }
    Arrays.sort(gaps, 0, count);
    double median = gaps[count / 2];
    return median >= SHORTEST_TICK_MILLIS ? median : 0;
  }
}
