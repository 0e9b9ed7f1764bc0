package io.warmpath.agent;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PrefillSpeed;

/**
 * Learns how fast an engine computes prompts from the time it took for each: {@code seconds =
 * overhead + tokens / rate}. Not thread-safe.
 */
final class PrefillSpeedEstimator {

  /*
   * Weighted least squares over all observations, each weighing FORGETTING times as much as the
   * next, so that about the last hundred count. Two weak pulls keep the answer sane where the
   * observations do not decide it: of the overhead towards the initial guess (all prompts of one
   * length), and of the seconds per token towards the last estimate (all prompts fully cached).
   *
   *   | W + A      X    | | overhead |   | Y  + A * initial overhead |
   *   | X       XX + B  | | slope    | = | XY + B * last slope       |
   *
   * An engine that computes several prompts in one step gives all of their first tokens at once:
   * the first such observation has all the time and the others none. Least squares then finds the
   * mean, which is what adding up pending work needs, so short times are taken as they are. Long
   * ones are cut: a pause of the machine is not a speed.
   */
  private static final double FORGETTING = 0.99;
  private static final double OVERHEAD_PULL = 2;
  private static final double SLOPE_PULL = 200.0 * 200.0;
  private static final double INITIAL_WEIGHT = 4;
  private static final double INITIAL_TOKENS = 2048;

  private static final int TRUSTED_AFTER = 8;
  private static final double MAX_OVER_PREDICTED = 4;
  private static final double MAX_OVER_SECONDS = 0.05;

  private static final double MAX_OVERHEAD_SECONDS = 5;
  private static final double MIN_SLOPE = 1e-7;
  private static final double MAX_SLOPE = 0.1;

  private final double initialOverhead;
  private double overhead;
  private double slope;
  private long observations;
  private double weight;
  private double tokens;
  private double tokensSquared;
  private double seconds;
  private double tokenSeconds;

  PrefillSpeedEstimator(PrefillSpeed initial) {
    this.initialOverhead = initial.overheadSeconds();
    this.overhead = initial.overheadSeconds();
    this.slope = 1 / initial.tokensPerSecond();
    add(INITIAL_WEIGHT, INITIAL_TOKENS, initial.seconds((long) INITIAL_TOKENS));
  }

  /** An engine took {@code observedSeconds} to compute {@code computedTokens} of a prompt. */
  void observe(double observedSeconds, int computedTokens) {
    if (!(observedSeconds >= 0) || computedTokens < 0) {
      throw new IllegalArgumentException(observedSeconds + " s, " + computedTokens + " tokens");
    }
    @Var double y = observedSeconds;
    if (observations >= TRUSTED_AFTER) {
      double predicted = overhead + slope * computedTokens;
      y = Math.min(y, MAX_OVER_PREDICTED * predicted + MAX_OVER_SECONDS);
    }
    observations++;
    weight *= FORGETTING;
    tokens *= FORGETTING;
    tokensSquared *= FORGETTING;
    seconds *= FORGETTING;
    tokenSeconds *= FORGETTING;
    add(1, computedTokens, y);
    solve();
  }

  /** The estimate. */
  PrefillSpeed speed() {
    return new PrefillSpeed(1 / slope, overhead);
  }

  private void add(double w, double x, double y) {
    weight += w;
    tokens += w * x;
    tokensSquared += w * x * x;
    seconds += w * y;
    tokenSeconds += w * x * y;
  }

  private void solve() {
    double a11 = weight + OVERHEAD_PULL;
    double a22 = tokensSquared + SLOPE_PULL;
    double b1 = seconds + OVERHEAD_PULL * initialOverhead;
    double b2 = tokenSeconds + SLOPE_PULL * slope;
    double determinant = a11 * a22 - tokens * tokens;
    double freeOverhead = (b1 * a22 - b2 * tokens) / determinant;
    overhead = Math.clamp(freeOverhead, 0, MAX_OVERHEAD_SECONDS);
    // The best slope for the overhead as it is after clamping.
    slope = Math.clamp((b2 - overhead * tokens) / a22, MIN_SLOPE, MAX_SLOPE);
  }
}
