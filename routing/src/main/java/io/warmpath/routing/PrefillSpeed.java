package io.warmpath.routing;

/**
 * How long a replica takes to compute a prompt: {@code overhead + tokens / rate}.
 *
 * @param tokensPerSecond prefill rate, above 0
 * @param overheadSeconds constant cost of a request, at least 0
 */
public record PrefillSpeed(double tokensPerSecond, double overheadSeconds) {

  public PrefillSpeed {
    if (!(tokensPerSecond > 0 && tokensPerSecond < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("tokensPerSecond: " + tokensPerSecond);
    }
    if (!(overheadSeconds >= 0 && overheadSeconds < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("overheadSeconds: " + overheadSeconds);
    }
  }

  /** Returns the seconds of prefill that {@code tokens} uncached tokens take. */
  public double seconds(long tokens) {
    return overheadSeconds + tokens / tokensPerSecond;
  }
}
