package io.warmpath.hashing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every {@link ConsistentOrder} holds. */
abstract class ConsistentOrderContract {

  private static final int KEYS = 200;

  abstract ConsistentOrder order(List<String> ids, double[] weights);

  /** Largest relative deviation of a node's share from its weight that chance may explain. */
  abstract double shareTolerance(double expectedShare, int keys);

  @Test
  void first_anyCount_isPrefixOfFullOrderOfDistinctNodes() {
    SeededCases.run(
        100,
        random -> {
          Fleet fleet = Fleet.random(random, 1 + random.nextInt(40));
          ConsistentOrder order = fleet.order(this);
          long key = random.nextLong();
          int[] all = first(order, key, order.size());
          assertThat(Arrays.stream(all).sorted().toArray())
              .isEqualTo(IntStream.range(0, order.size()).toArray());
          for (int count = 0; count <= order.size() + 2; count++) {
            assertThat(first(order, key, count))
                .as("count %d", count)
                .isEqualTo(Arrays.copyOf(all, Math.min(count, all.length)));
          }
        });
  }

  @Test
  void first_nodesListedInAnotherSequence_givesSameNodes() {
    SeededCases.run(
        100,
        random -> {
          Fleet fleet = Fleet.random(random, 1 + random.nextInt(40));
          Fleet shuffled = fleet.shuffled(random);
          ConsistentOrder order = fleet.order(this);
          ConsistentOrder other = shuffled.order(this);
          for (int i = 0; i < 20; i++) {
            long key = random.nextLong();
            assertThat(shuffled.names(first(other, key, 40)))
                .isEqualTo(fleet.names(first(order, key, 40)));
          }
        });
  }

  @Test
  void first_nodeLeavesOrJoins_othersKeepTheirSequence() {
    SeededCases.run(
        100,
        random -> {
          Fleet fleet = Fleet.random(random, 2 + random.nextInt(40));
          int gone = random.nextInt(fleet.ids.size());
          Fleet rest = fleet.without(gone);
          ConsistentOrder before = fleet.order(this);
          ConsistentOrder after = rest.order(this);
          for (int i = 0; i < KEYS / 10; i++) {
            long key = random.nextLong();
            List<String> expected = new ArrayList<>(fleet.names(first(before, key, 50)));
            expected.remove(fleet.ids.get(gone));
            assertThat(rest.names(first(after, key, 50))).isEqualTo(expected);
          }
        });
  }

  @Test
  void first_weightGrows_movesThatNodeOnlyTowardsTheFront() {
    SeededCases.run(
        100,
        random -> {
          Fleet fleet = Fleet.random(random, 2 + random.nextInt(40));
          int grown = random.nextInt(fleet.ids.size());
          Fleet heavier = fleet.withWeight(grown, fleet.weights[grown] * (1 + random.nextDouble()));
          ConsistentOrder before = fleet.order(this);
          ConsistentOrder after = heavier.order(this);
          String id = fleet.ids.get(grown);
          for (int i = 0; i < KEYS / 10; i++) {
            long key = random.nextLong();
            List<String> was = new ArrayList<>(fleet.names(first(before, key, 50)));
            List<String> is = new ArrayList<>(fleet.names(first(after, key, 50)));
            assertThat(is.indexOf(id)).isLessThanOrEqualTo(was.indexOf(id));
            was.remove(id);
            is.remove(id);
            assertThat(is).isEqualTo(was);
          }
        });
  }

  @Test
  void first_unequalWeights_sharesFollowThem() {
    int keys = 40_000;
    double[] weights = {0.25, 0.5, 1, 1, 2, 4, 1, 1};
    List<String> ids = ids(weights.length);
    ConsistentOrder order = order(ids, weights);
    int[] counts = new int[weights.length];
    int[] out = new int[1];
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < keys; i++) {
      order.first(random.nextLong(), 1, out);
      counts[out[0]]++;
    }
    double total = Arrays.stream(weights).sum();
    for (int node = 0; node < weights.length; node++) {
      double expected = weights[node] / total;
      assertThat(counts[node] / (double) keys / expected)
          .as("share of node %d relative to its weight", node)
          .isBetween(1 - shareTolerance(expected, keys), 1 + shareTolerance(expected, keys));
    }
  }

  @Test
  void first_largeFleet_givesDistinctNodes() {
    ConsistentOrder order = order(ids(4096), filled(4096, 1));
    for (int count : new int[] {1, 8, 4096, 5000}) {
      int[] nodes = first(order, 0x1234567890ABCDEFL, count);
      assertThat(nodes).hasSize(Math.min(count, 4096)).doesNotHaveDuplicates();
    }
  }

  @Test
  void first_noNodes_isEmpty() {
    assertThat(order(List.of(), new double[0]).first(5, 3, new int[0])).isZero();
  }

  @Test
  void first_arrayTooShort_isRefused() {
    ConsistentOrder order = order(ids(4), filled(4, 1));
    assertThatThrownBy(() -> order.first(1, 3, new int[2]))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void build_badNodes_areRefusedByName() {
    assertThatThrownBy(() -> order(List.of("a", "b", "a"), filled(3, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("node id occurs twice: a");
    for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> order(List.of("a", "b"), new double[] {1, weight}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("weight of node b: " + weight);
    }
    assertThatThrownBy(() -> order(List.of("a", "b"), filled(1, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("2 ids, 1 weights");
  }

  /** Folds the orders of many keys over a fleet with unequal weights into one number. */
  static long checksum(ConsistentOrder order) {
    SplittableRandom random = new SplittableRandom(11);
    long[] sum = new long[1];
    for (int i = 0; i < 1000; i++) {
      for (int node : first(order, random.nextLong(), 5)) {
        sum[0] = 31 * sum[0] + node;
      }
    }
    return sum[0];
  }

  static int[] first(ConsistentOrder order, long key, int count) {
    int[] out = new int[count];
    return Arrays.copyOf(out, order.first(key, count, out));
  }

  static List<String> ids(int count) {
    return IntStream.range(0, count).mapToObj(i -> "replica-" + i).toList();
  }

  static double[] filled(int count, double weight) {
    double[] weights = new double[count];
    Arrays.fill(weights, weight);
    return weights;
  }

  /** Ids and weights of some nodes. */
  static final class Fleet {

    final List<String> ids;
    final double[] weights;

    Fleet(List<String> ids, double... weights) {
      this.ids = ids;
      this.weights = weights;
    }

    static Fleet random(SplittableRandom random, int count) {
      List<String> ids = random.longs(count).distinct().mapToObj(Long::toHexString).toList();
      double[] weights =
          random.nextBoolean()
              ? filled(ids.size(), 1)
              : random.doubles(ids.size(), 0.25, 4).toArray();
      return new Fleet(ids, weights);
    }

    ConsistentOrder order(ConsistentOrderContract contract) {
      return contract.order(ids, weights);
    }

    List<String> names(int... nodes) {
      return Arrays.stream(nodes).mapToObj(ids::get).toList();
    }

    Fleet shuffled(SplittableRandom random) {
      List<Integer> sequence = new ArrayList<>(IntStream.range(0, ids.size()).boxed().toList());
      Collections.shuffle(sequence, new Random(random.nextLong()));
      return at(sequence);
    }

    Fleet without(int gone) {
      return at(IntStream.range(0, ids.size()).filter(i -> i != gone).boxed().toList());
    }

    Fleet withWeight(int node, double weight) {
      double[] changed = weights.clone();
      changed[node] = weight;
      return new Fleet(ids, changed);
    }

    private Fleet at(List<Integer> nodes) {
      return new Fleet(
          nodes.stream().map(ids::get).toList(),
          nodes.stream().mapToDouble(node -> weights[node]).toArray());
    }
  }
}
