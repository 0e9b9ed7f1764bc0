package io.warmpath.routing.affinity;

/** How large the prefills of recent requests are, fading. Used by the updating thread alone. */
final class JobSizes {

  /*
   * Requests that arrive independently and stay for a while make the number at a replica about
   * Poisson. With mean work W of jobs of size s there are W / E[s] of them, and the variance of
   * their sum is W E[s^2] / E[s] (a compound Poisson sum). Three standard deviations are what
   * a replica may be above the mean without anything being wrong.
   */
  private static final double NEWEST = 1.0 / 512;

  private double sum;
  private double sumOfSquares;

  /** Takes the next request's prefill. */
  void add(double workSeconds) {
    sum += NEWEST * (workSeconds - sum);
    sumOfSquares += NEWEST * (workSeconds * workSeconds - sumOfSquares);
  }

  /** Returns the standard deviation of a replica's pending work around {@code meanSeconds}. */
  double deviation(double meanSeconds) {
    return sum > 0 ? Math.sqrt(meanSeconds * sumOfSquares / sum) : 0;
  }
}
