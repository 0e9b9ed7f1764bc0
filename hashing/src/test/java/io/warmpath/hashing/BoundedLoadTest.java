package io.warmpath.hashing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.testkit.SeededCases;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class BoundedLoadTest {

  private static final double[] FACTORS = {1, 1.1, 1.25, 1.5, 2, 3.7};

  @Test
  void requestCaps_everySmallCase_sumToTheRoundedUpTotal() {
    // All fleets of up to 4 nodes with weights 1..7, all loads to 30, all factors above.
    for (int nodes = 1; nodes <= 4; nodes++) {
      double[] weights = new double[nodes];
      for (int fleet = 0; fleet < Math.pow(7, nodes); fleet++) {
        for (int node = 0; node < nodes; node++) {
          weights[node] = 1 + (int) (fleet / Math.pow(7, node)) % 7;
        }
        checkSums(weights);
      }
    }
  }

  private static void checkSums(double... weights) {
    long[] caps = new long[weights.length];
    for (double factor : FACTORS) {
      BoundedLoad bound = new BoundedLoad(factor, 0);
      for (int load = 0; load <= 30; load++) {
        bound.requestCaps(load, weights, caps);
        long sum = LongStream.of(caps).sum();
        if (sum != (long) Math.ceil(factor * load) || Arrays.stream(caps).anyMatch(c -> c < 0)) {
          throw new AssertionError(
              "weights %s, load %d, factor %s: caps %s"
                  .formatted(Arrays.toString(weights), load, factor, Arrays.toString(caps)));
        }
      }
    }
  }

  @Test
  void requestCaps_realWeightsAndLargeLoads_sumAndStayWithinOneOfTheFairShare() {
    SeededCases.run(
        2000,
        random -> {
          double[] weights = random.doubles(1 + random.nextInt(200), 0.01, 100).toArray();
          long load = random.nextLong(1L << random.nextInt(1, 40));
          BoundedLoad bound = new BoundedLoad(1 + random.nextDouble(), 0);
          long[] caps = new long[weights.length];
          bound.requestCaps(load, weights, caps);
          double total = Math.ceil(bound.loadFactor() * load);
          assertThat((double) LongStream.of(caps).sum()).isEqualTo(total);
          double weightSum = Arrays.stream(weights).sum();
          for (int node = 0; node < weights.length; node++) {
            assertThat((double) caps[node])
                .isBetween(
                    total * weights[node] / weightSum - 1.001,
                    total * weights[node] / weightSum + 1.001);
          }
        });
  }

  @Test
  void requestCaps_remainderSharedByInclusivePoints_wouldLeaveTooLittleRoom() {
    // rest.li's BoundedLoadConsistentHashRing takes both ends of a node's share one node too far.
    // Its smallest known failure: points 53, 71 and 72, capacity 5, and caps of 1 each.
    double[] weights = {53, 71, 72};
    long[] caps = new long[3];
    new BoundedLoad(1.25, 0).requestCaps(4, weights, caps);
    assertThat(caps).containsExactly(1, 2, 2);
    assertThat(LongStream.of(caps).sum()).isEqualTo(5);
  }

  @Test
  void requestCaps_slack_isAddedToEachNodeRoundedUp() {
    long[] caps = new long[2];
    new BoundedLoad(1.25, 1.5).requestCaps(1, new double[] {1, 1}, caps);
    assertThat(caps).containsExactly(3, 3);
  }

  @Test
  void requestCap_placingOneByOne_alwaysFindsRoomAndKeepsEveryCap() {
    SeededCases.run(
        200,
        random -> {
          int nodes = 1 + random.nextInt(12);
          double[] weights = random.doubles(nodes, 0.25, 4).toArray();
          BoundedLoad bound = new BoundedLoad(1 + random.nextInt(3) * 0.25, 0);
          ConsistentOrder order = RendezvousOrder.of(ConsistentOrderContract.ids(nodes), weights);
          long[] held = new long[nodes];
          long[] caps = new long[nodes];
          for (int request = 1; request <= 100; request++) {
            bound.requestCaps(request, weights, caps);
            int node =
                Arrays.stream(ConsistentOrderContract.first(order, random.nextInt(4), nodes))
                    .filter(candidate -> held[candidate] < caps[candidate])
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no room"));
            held[node]++;
          }
        });
  }

  @Test
  void workCap_isFactorTimesFairShareAndSlack() {
    assertThat(new BoundedLoad(1.25, 0.5).workCap(10, 2, 8)).isEqualTo(1.25 * 10 / 4 + 0.5);
    assertThat(new BoundedLoad(1.25, 0.5).workCap(0, 2, 8)).isEqualTo(0.5);
  }

  @Test
  void new_badValues_areRefused() {
    assertThatThrownBy(() -> new BoundedLoad(0.99, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("loadFactor: 0.99, allowed: at least 1");
    assertThatThrownBy(() -> new BoundedLoad(1, -1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("slack: -1.0, allowed: at least 0");
    assertThatThrownBy(() -> new BoundedLoad(Double.NaN, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
