package io.warmpath.hashing;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.testkit.SeededCases;
import java.util.Comparator;
import java.util.List;
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
    long hash = PrefixHasher.mix(key, PrefixHasher.hashText(fleet.ids.get(node)));
    double uniform = ((hash >>> 12) + 0.5) / (1L << 52);
    return -StrictMath.log(uniform) / fleet.weights[node];
  }

  @Test
  void golden_ordersOfManyKeys_areUnchanged() {
    double[] weights = {1, 1, 0.5, 2, 1, 1, 0.25, 4};
    assertThat(checksum(RendezvousOrder.of(ids(8), weights))).isEqualTo(9081154974299094173L);
  }
}
