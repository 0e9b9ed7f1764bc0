package io.warmpath.agent;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PrefillSpeed;

/**
 * Learns how fast an engine computes prompts from the time it took for them: {@code seconds =
 * overhead x prompts + tokens / rate}. Not thread-safe.
 */
final class PrefillSpeedEstimator {

  /*
   * Weighted least squares over all observations, each weighing FORGETTING times as much as the
   * next, so that about the last hundred count. With n prompts and x tokens in y seconds:
   *
   *   | sum nn + A   sum nx     | | overhead |   | sum ny + A * initial overhead |
   *   | sum nx       sum xx + B | | slope    | = | sum xy + B * trusted slope    |
   *
   * A and B are two weak pulls that keep the answer sane where the observations do not decide it.
   * At one length of prompt, what is unexpected goes to the slope if the prompts are long, and to
   * the overhead if they are short or all cached. The trusted slope is the last one that came from
   * prompts of different lengths.
   *
   * A pause of the machine is not a speed: a time that is off by much more than times usually are
   * is cut. A true change of speed makes times usually off by more, and so gets through.
   */
  private static final double FORGETTING = 0.99;
  private static final double OVERHEAD_PULL = 2;
  private static final double SLOPE_PULL = 200.0 * 200.0;
  private static final double INITIAL_WEIGHT = 4;
  private static final double INITIAL_TOKENS = 2048;

  /** Spread of lengths, in squared tokens, from which on a slope is trusted. */
  private static final double TRUSTED_SPREAD = 100 * SLOPE_PULL;

  private static final double DEVIATION_STEP = 0.05;
  private static final double CUT_DEVIATIONS = 4;
  private static final double MIN_PREDICTED_SECONDS = 1e-3;

  private static final double MAX_OVERHEAD_SECONDS = 5;
  private static final double MIN_SLOPE = 1e-7;
  private static final double MAX_SLOPE = 0.1;

  private final double initialOverhead;
  private double overhead;
  private double slope;
  private double trustedSlope;

  /** How far times usually are from the prediction, as a share of it, 0..1. */
  private double deviation = 1;

  private double nn;
  private double nx;
  private double xx;
  private double ny;
  private double xy;

  PrefillSpeedEstimator(PrefillSpeed initial) {
    this.initialOverhead = initial.overheadSeconds();
    this.overhead = initial.overheadSeconds();
    this.slope = 1 / initial.tokensPerSecond();
    this.trustedSlope = slope;
    add(INITIAL_WEIGHT, 1, INITIAL_TOKENS, initial.seconds((long) INITIAL_TOKENS));
  }

  /**
   * An engine took {@code seconds} to compute {@code prompts} prompts of together so many tokens.
   *
   * @param weight how much to believe it, above 0; 1 is in full
   */
  void observe(double seconds, int prompts, long computedTokens, double weight) {
    if (!(seconds >= 0) || prompts < 1 || computedTokens < 0) {
      throw new IllegalArgumentException(
          seconds + " s, " + prompts + " prompts, " + computedTokens + " tokens");
    }
    double predicted = Math.max(MIN_PREDICTED_SECONDS, overhead * prompts + slope * computedTokens);
    double y = Math.min(seconds, predicted * (1 + CUT_DEVIATIONS * deviation));
    double off = Math.min(1, Math.abs(seconds - predicted) / predicted);
    deviation += DEVIATION_STEP * weight * (off - deviation);
    double kept = Math.pow(FORGETTING, weight);
    nn *= kept;
    nx *= kept;
    xx *= kept;
    ny *= kept;
    xy *= kept;
    add(weight, prompts, (double) computedTokens, y);
    solve();
  }

  /** The estimate. */
  PrefillSpeed speed() {
    return new PrefillSpeed(1 / slope, overhead);
  }

  private void add(double weight, double n, double x, double y) {
    nn += weight * n * n;
    nx += weight * n * x;
    xx += weight * x * x;
    ny += weight * n * y;
    xy += weight * x * y;
  }

  private void solve() {
    double a11 = nn + OVERHEAD_PULL;
    double a22 = xx + SLOPE_PULL;
    double b1 = ny + OVERHEAD_PULL * initialOverhead;
    double b2 = xy + SLOPE_PULL * trustedSlope;
    @Var double free = (b1 * a22 - b2 * nx) / (a11 * a22 - nx * nx);
    free = Double.isFinite(free) ? free : initialOverhead;
    overhead = Math.clamp(free, 0, MAX_OVERHEAD_SECONDS);
    // The best slope for the overhead as it is after clamping.
    slope = Math.clamp((b2 - overhead * nx) / a22, MIN_SLOPE, MAX_SLOPE);
    if (xx - nx * nx / nn > TRUSTED_SPREAD) {
      trustedSlope = slope;
    }
  }
}
