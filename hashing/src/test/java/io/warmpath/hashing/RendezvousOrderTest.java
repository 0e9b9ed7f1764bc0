package io.warmpath.hashing;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.testkit.SeededCases;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RendezvousOrderTest extends ConsistentOrderContract {

  @Override
  ConsistentOrder order(List<String> ids, double[] weights) {
    return RendezvousOrder.of(ids, weights);
  }

  /** Counts are binomial: 5 standard deviations, which 1 in 1.7 million nodes exceeds by chance. */
  @Override
  double shareTolerance(double expectedShare, int keys) {
    return 5 * Math.sqrt((1 - expectedShare) / (expectedShare * keys));
  }

  @Test
  void first_anyFleet_equalsSortByPlainScore() {
    SeededCases.run(
        300,
        random -> {
          Fleet fleet = Fleet.random(random, 1 + random.nextInt(100));
          ConsistentOrder order = fleet.order(this);
          int count = random.nextInt(fleet.ids.size() + 1);
          long key = random.nextLong();
          assertThat(first(order, key, count)).isEqualTo(sorted(fleet, key, count));
        });
  }

  /** Every score computed by its definition, and all of them sorted. */
  private static int[] sorted(Fleet fleet, long key, int count) {
    return IntStream.range(0, fleet.ids.size())
        .boxed()
        .sorted(
            Comparator.<Integer>comparingDouble(node -> score(fleet, key, node))
                .thenComparing(node -> fleet.ids.get(node)))
        .mapToInt(node -> node)
        .limit(count)
        .toArray();
  }

  private static double score(Fleet fleet, long key, int node) {
    // SplittableRandom returns the same finalizer, applied to its seed and the golden gamma.
    long hash = key ^ PrefixHasher.hashText(fleet.ids.get(node));
    long mixed = new SplittableRandom(hash - 0x9E3779B97F4A7C15L).nextLong();
    double uniform = ((mixed >>> 12) + 0.5) / (1L << 52);
    return -StrictMath.log(uniform) / fleet.weights[node];
  }

  @Test
  void first_ownerLeaves_itsKeysSpreadByTheOthersWeights() {
    double[] weights = {1, 0.5, 1, 2, 4, 0.25};
    ConsistentOrder order = RendezvousOrder.of(ids(weights.length), weights);
    int[][] counts = new int[weights.length][weights.length];
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 200_000; i++) {
      int[] nodes = first(order, random.nextLong(), 2);
      counts[nodes[0]][nodes[1]]++;
    }
    double total = Arrays.stream(weights).sum();
    for (int owner = 0; owner < weights.length; owner++) {
      int keys = Arrays.stream(counts[owner]).sum();
      for (int heir = 0; heir < weights.length; heir++) {
        double expected = (heir == owner) ? 0 : weights[heir] / (total - weights[owner]);
        double deviation = Math.sqrt(keys * expected * (1 - expected));
        assertThat((double) counts[owner][heir])
            .as("keys of node %d that go to node %d", owner, heir)
            .isBetween(keys * expected - 5 * deviation, keys * expected + 5 * deviation);
      }
    }
  }

  @Test
  void golden_ordersOfManyKeys_areUnchanged() {
    double[] weights = {1, 1, 0.5, 2, 1, 1, 0.25, 4};
    assertThat(checksum(RendezvousOrder.of(ids(8), weights))).isEqualTo(4666503480570740211L);
  }
}
