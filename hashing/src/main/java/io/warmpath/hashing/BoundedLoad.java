package io.warmpath.hashing;

import com.google.errorprone.annotations.Var;

/**
 * The bound of consistent hashing with bounded loads: how much a node may hold, given what all
 * nodes hold together.
 *
 * <p>A node that holds less than its cap may take one request more. Caps follow the weights and sum
 * to at least the load, so some node may always take the request that the load already counts.
 *
 * @param loadFactor cap relative to a node's fair share, at least 1; 1.25 is usual
 * @param slack added to each node's cap whatever its share, at least 0; in the unit of the load. It
 *     keeps a node from being full at its first request when there is hardly any load
 */
public record BoundedLoad(double loadFactor, double slack) {

  /*
   * Mirrokni, Thorup, Zadimoghaddam: Consistent Hashing with Bounded Loads, SODA 2018. With m balls
   * and n bins each bin holds at most ceil((1 + epsilon) m / n), and a ball goes to the first bin
   * of its order that is below.
   *
   * Rounding each node's share up by itself would give away up to n - 1 requests too many; rounding
   * down would leave too little room. So the total is rounded up once, C = ceil(loadFactor * m),
   * and node i gets floor(C * after(i)) - floor(C * before(i)), where before and after are the
   * cumulative shares of the weights without and with node i. The floors telescope: the caps sum to
   * exactly C. Mixing the two up (one node's cap taken from shares that include it twice, another's
   * from neither) breaks the sum as soon as weights differ.
   */
  public BoundedLoad {
    if (!(loadFactor >= 1 && loadFactor < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("loadFactor: " + loadFactor + ", allowed: at least 1");
    }
    if (!(slack >= 0 && slack < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("slack: " + slack + ", allowed: at least 0");
    }
  }

  /**
   * Returns how many requests a node may hold. Over all nodes this sums to {@code ceil(loadFactor *
   * load)} and the slacks.
   *
   * @param load requests that all nodes hold, with the one to be placed; 0..2^50
   * @param weightBefore sum of the weights of the nodes listed before this one, added up in that
   *     sequence from 0
   * @param weight this node's weight, at least 0
   * @param totalWeight sum of all weights, added up in the same sequence; above 0
   */
  public long requestCap(long load, double weightBefore, double weight, double totalWeight) {
    double total = Math.ceil(loadFactor * load);
    double upToThis = Math.floor(total * ((weightBefore + weight) / totalWeight));
    double upToPrevious = Math.floor(total * (weightBefore / totalWeight));
    return (long) (upToThis - upToPrevious) + (long) Math.ceil(slack);
  }

  /** Writes the {@linkplain #requestCap request cap} of each node. */
  public void requestCaps(long load, double[] weights, long[] caps) {
    @Var double totalWeight = 0;
    for (double weight : weights) {
      totalWeight += weight;
    }
    @Var double before = 0;
    for (int node = 0; node < weights.length; node++) {
      caps[node] = requestCap(load, before, weights[node], totalWeight);
      before += weights[node];
    }
  }

  /**
   * Returns how much work a node may hold, for a load that is divisible, such as seconds of pending
   * work: {@code loadFactor} times the node's fair share, and the slack.
   *
   * @param load work that all nodes hold
   * @param weight this node's weight, at least 0
   * @param totalWeight sum of all weights, above 0
   */
  public double workCap(double load, double weight, double totalWeight) {
    return loadFactor * load * (weight / totalWeight) + slack;
  }
}
