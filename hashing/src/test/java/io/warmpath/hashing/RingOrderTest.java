package io.warmpath.hashing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class RingOrderTest extends ConsistentOrderContract {

  private static final int POINTS = 160;

  /** A position is known by its upper 44 bits. */
  private static final int POSITION_SHIFT = 20;

  @Override
  ConsistentOrder order(List<String> ids, double[] weights) {
    return RingOrder.of(ids, weights, POINTS);
  }

  /**
   * The arcs of a node of relative weight w add up from about 160 w exponential lengths; 5 of its
   * standard deviations, and the binomial noise of the keys on top.
   */
  @Override
  double shareTolerance(double expectedShare, int keys) {
    double points = POINTS * 0.25;
    return 5 * Math.sqrt(1 / points + (1 - expectedShare) / (expectedShare * keys));
  }

  @Test
  void first_anyRing_equalsLinearScan() {
    SeededCases.run(
        2000,
        random -> {
          int nodes = 1 + random.nextInt(6);
          long[][] positions = new long[nodes][];
          for (int node = 0; node < nodes; node++) {
            positions[node] = positions(random, 1 + random.nextInt(4));
          }
          ConsistentOrder order = RingOrder.ofPositions(ids(nodes), positions);
          for (int i = 0; i < 10; i++) {
            long key = position(random);
            int count = random.nextInt(nodes + 1);
            assertThat(first(order, key, count)).isEqualTo(scan(positions, key, count));
          }
        });
  }

  @Test
  void first_keyPastLastPoint_wrapsToFirst() {
    ConsistentOrder order =
        RingOrder.ofPositions(List.of("low", "high"), new long[][] {{0x10L << 32}, {0xF0L << 56}});
    assertThat(first(order, 0xF1L << 56, 2)).containsExactly(0, 1);
    assertThat(first(order, -1, 2)).containsExactly(0, 1);
    assertThat(first(order, 0, 2)).containsExactly(0, 1);
    assertThat(first(order, 0xF0L << 56, 2)).containsExactly(1, 0);
    assertThat(first(order, 0x7FL << 56, 2)).containsExactly(1, 0);
  }

  @Test
  void first_pointsCollide_neitherNodeIsLost() {
    long shared = 77L << 40;
    ConsistentOrder both =
        RingOrder.ofPositions(List.of("b", "a"), new long[][] {{shared}, {shared}});
    assertThat(first(both, shared, 2)).containsExactly(1, 0);
    ConsistentOrder one = RingOrder.ofPositions(List.of("b"), new long[][] {{shared}});
    assertThat(first(one, shared, 2)).containsExactly(0);
  }

  @Test
  void first_manyPointsOfOneNodeInARow_countsNodesNotPoints() {
    ConsistentOrder order =
        RingOrder.ofPositions(
            List.of("many", "few"), new long[][] {{1L << 30, 2L << 30, 3L << 30}, {4L << 30}});
    assertThat(first(order, 0, 2)).containsExactly(0, 1);
  }

  @Test
  void build_tooManyPoints_isRefused() {
    assertThatThrownBy(() -> RingOrder.of(List.of("a"), new double[] {1000}, 160))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("points of a node: 160000.0, allowed: 65536");
    assertThatThrownBy(() -> RingOrder.of(List.of("a"), new double[] {1}, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pointsOfUnitWeight: 0");
  }

  @Test
  void golden_ordersOfManyKeys_areUnchanged() {
    double[] weights = {1, 1, 0.5, 2, 1, 1, 0.25, 4};
    assertThat(checksum(RingOrder.of(ids(8), weights, POINTS))).isEqualTo(-6605744159797730909L);
  }

  /** All points in unsigned order, those below the key moved behind the others, nodes once each. */
  private static int[] scan(long[][] positions, long key, int count) {
    record Point(long position, int node) {}
    List<Point> points = new ArrayList<>();
    for (int node = 0; node < positions.length; node++) {
      for (long position : positions[node]) {
        points.add(new Point(position >>> POSITION_SHIFT, node));
      }
    }
    points.sort(
        Comparator.<Point, Boolean>comparing(point -> point.position < key >>> POSITION_SHIFT)
            .thenComparingLong(Point::position)
            .thenComparingInt(Point::node));
    Set<Integer> nodes = new LinkedHashSet<>();
    points.forEach(point -> nodes.add(point.node));
    return nodes.stream().mapToInt(node -> node).limit(count).toArray();
  }

  private static long[] positions(SplittableRandom random, int count) {
    long[] positions = new long[count];
    Arrays.setAll(positions, i -> position(random));
    return positions;
  }

  /** Few distinct values, so that keys hit points and points hit each other; both signs. */
  private static long position(SplittableRandom random) {
    return ((long) random.nextInt(16) << 60) | random.nextInt(3);
  }
}
