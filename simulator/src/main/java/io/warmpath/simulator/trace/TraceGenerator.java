package io.warmpath.simulator.trace;

/** Temp. */
public final class TraceGenerator {
  private TraceGenerator() {}

  /** Temp. */
  public static Trace generate(TraceProfile p, int n, double rate, long seed) {
    throw new UnsupportedOperationException();
  }
}
