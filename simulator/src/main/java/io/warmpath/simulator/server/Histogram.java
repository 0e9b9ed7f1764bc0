package io.warmpath.simulator.server;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;
import java.util.stream.DoubleStream;

/** A Prometheus histogram with fixed bucket bounds. Not thread-safe. */
final class Histogram {

  /** Bounds of vLLM's histograms of the time to the first token, seconds. */
  static final double[] FIRST_TOKEN_BOUNDS = {
    .001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
    2560
  };

  /** Bounds of vLLM's histograms of the time between tokens, seconds. */
  static final double[] TOKEN_BOUNDS = {
    .01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80
  };

  /** Bounds of vLLM's histograms of the phases of a request, seconds. */
  static final double[] REQUEST_BOUNDS = {
    .3, .5, .8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680
  };

  /** Bounds of vLLM's histogram of the tokens of one step. */
  static final double[] STEP_BOUNDS = {
    1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384
  };

  /** Bounds of vLLM's histogram of completions a request. */
  static final double[] COMPLETIONS_BOUNDS = {1, 2, 5, 10, 20};

  private final double[] bounds;
  private final long[] counts;
  private double sum;

  Histogram(double[] bounds) {
    this.bounds = bounds;
    counts = new long[bounds.length + 1];
  }

  /** Returns 1, 2, 5, 10, 20, 50, ... up to {@code most}. */
  static double[] oneTwoFive(double most) {
    DoubleStream.Builder bounds = DoubleStream.builder();
    for (@Var double power = 1; power <= most; power *= 10) {
      for (double mantissa : new double[] {1, 2, 5}) {
        if (mantissa * power <= most) {
          bounds.add(mantissa * power);
        }
      }
    }
    return bounds.build().toArray();
  }

  void observe(double value) {
    int found = Arrays.binarySearch(bounds, value);
    counts[found >= 0 ? found : -found - 1]++;
    sum += value;
  }

  int bucketCount() {
    return counts.length;
  }

  /** Upper bound of a bucket; the last one has none. */
  double bound(int bucket) {
    return bucket < bounds.length ? bounds[bucket] : Double.POSITIVE_INFINITY;
  }

  /** Observations in one bucket alone. */
  long count(int bucket) {
    return counts[bucket];
  }

  double sum() {
    return sum;
  }
}
