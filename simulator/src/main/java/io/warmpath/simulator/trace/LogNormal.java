package io.warmpath.simulator.trace;

import java.util.random.RandomGenerator;

/**
 * A log-normal distribution cut at both ends: what lengths and pauses of real traffic look like.
 *
 * @param median half of the draws are below, above 0
 * @param sigma standard deviation of the logarithm, at least 0
 * @param least smaller draws give this
 * @param most larger draws give this
 */
record LogNormal(double median, double sigma, double least, double most) {

  LogNormal {
    if (!(median > 0 && sigma >= 0 && least >= 0 && most >= least)) {
      throw new IllegalArgumentException(
          "median: %s, sigma: %s, least: %s, most: %s".formatted(median, sigma, least, most));
    }
  }

  double draw(RandomGenerator random) {
    return Math.clamp(median * Math.exp(sigma * random.nextGaussian()), least, most);
  }

  int drawInt(RandomGenerator random) {
    return (int) Math.round(draw(random));
  }
}
