package io.warmpath.hashing;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A consistent-hash ring: each node owns points of it, and a key's order is the sequence in which
 * distinct nodes follow from the key's position on.
 *
 * <p>With {@code p} points a node, shares deviate from the weights by about {@code 1 / sqrt(p)}
 * (standard deviation, relative): 8 % at 160 points, whatever the number of keys. Memory is 8 bytes
 * a point. A lookup takes O(log points) and a short walk, so it suits fleets that are too large for
 * {@link RendezvousOrder}, which is exact.
 */
public final class RingOrder implements ConsistentOrder {

  /*
   * The ring is one sorted array [1]. An entry's upper 44 bits are the point's position and its
   * lower 20 bits the owner, so points that collide stay two entries, in the sequence of their
   * owners' ids, and the removal of one node never removes another's point. A key is compared by
   * its upper 44 bits alone: the sequence of owners' ids, unlike their numbers, does not change
   * when nodes come and go.
   *
   * Positions are unsigned, and Arrays.sort is not: the sign bit of entries and keys is flipped.
   * The point after the last one is the first one.
   *
   * Point j of a node depends on the node's id and j only. A larger weight adds points at the end,
   * so it moves keys to that node and nowhere else.
   *
   * [1] Karger et al.: Consistent Hashing and Random Trees, STOC 1997.
   */
  private static final int OWNER_BITS = 20;

  private static final long OWNER_MASK = (1L << OWNER_BITS) - 1;

  /** Points of a node of weight 1 that are a fair trade of memory for balance. */
  public static final int DEFAULT_POINTS = 160;

  private static final int MAX_POINTS_OF_A_NODE = 1 << 16;

  private static final ThreadLocal<long[]> SEEN = ThreadLocal.withInitial(() -> new long[64]);

  private final Nodes nodes;
  private final long[] entries;

  private RingOrder(Nodes nodes, long[] entries) {
    this.nodes = nodes;
    this.entries = entries;
  }

  /**
   * Returns the ring over {@code ids} with one weight each.
   *
   * @param pointsOfUnitWeight points of a node of weight 1; others have proportionally more or
   *     fewer, at least 1 and at most 65,536
   * @throws IllegalArgumentException if an id occurs twice, or a weight is not finite and above 0,
   *     or a node would have too many points
   */
  public static RingOrder of(List<String> ids, double[] weights, int pointsOfUnitWeight) {
    if (ids.size() > OWNER_MASK) {
      throw new IllegalArgumentException("nodes: " + ids.size() + ", allowed: " + OWNER_MASK);
    }
    if (pointsOfUnitWeight < 1) {
      throw new IllegalArgumentException("pointsOfUnitWeight: " + pointsOfUnitWeight);
    }
    Nodes nodes = new Nodes(ids, weights);
    long[][] positions = new long[nodes.count()][];
    for (int node = 0; node < positions.length; node++) {
      positions[node] = positions(nodes.hash(node), nodes.weight(node) * pointsOfUnitWeight);
    }
    return new RingOrder(nodes, entries(positions));
  }

  /** Returns a ring with given positions, {@code positions[i]} being those of node {@code i}. */
  static RingOrder ofPositions(List<String> ids, long[][] positions) {
    double[] weights = new double[ids.size()];
    Arrays.fill(weights, 1);
    Nodes nodes = new Nodes(ids, weights);
    long[][] sequence = new long[positions.length][];
    for (int node = 0; node < positions.length; node++) {
      sequence[node] = positions[nodes.callersIndex(node)];
    }
    return new RingOrder(nodes, entries(sequence));
  }

  private static long[] positions(long nodeHash, double points) {
    if (points > MAX_POINTS_OF_A_NODE) {
      throw new IllegalArgumentException(
          "points of a node: " + points + ", allowed: " + MAX_POINTS_OF_A_NODE);
    }
    long[] positions = new long[(int) Math.max(1, Math.round(points))];
    for (int point = 0; point < positions.length; point++) {
      positions[point] = Hash.pair(nodeHash, point);
    }
    return positions;
  }

  private static long[] entries(long[][] positions) {
    @Var int count = 0;
    for (long[] ofNode : positions) {
      count = Math.addExact(count, ofNode.length);
    }
    long[] entries = new long[count];
    @Var int next = 0;
    for (int node = 0; node < positions.length; node++) {
      for (long position : positions[node]) {
        entries[next] = comparable(position) | node;
        next++;
      }
    }
    Arrays.sort(entries);
    return entries;
  }

  private static long comparable(long position) {
    return (position ^ Long.MIN_VALUE) & ~OWNER_MASK;
  }

  @Override
  public int size() {
    return nodes.count();
  }

  @Override
  public int first(long key, int count, int[] out) {
    int wanted = Math.min(count, nodes.count());
    Objects.checkFromIndexSize(0, wanted, out.length);
    long[] seen = seen();
    @Var int entry = entryAtOrAfter(comparable(key));
    @Var int found = 0;
    while (found < wanted) {
      int node = (int) (entries[entry] & OWNER_MASK);
      long bit = 1L << node;
      if ((seen[node >>> 6] & bit) == 0) {
        seen[node >>> 6] |= bit;
        out[found] = node;
        found++;
      }
      entry = (entry + 1 == entries.length) ? 0 : entry + 1;
    }
    nodes.toCallersIndexes(out, wanted);
    return wanted;
  }

  /** Returns the first entry that is not below {@code key}, or the very first when all are. */
  private int entryAtOrAfter(long key) {
    @Var int low = 0;
    @Var int high = entries.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (entries[middle] < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return (low == entries.length) ? 0 : low;
  }

  /** Returns a cleared set of nodes, one bit each. */
  private long[] seen() {
    int words = (nodes.count() + Long.SIZE - 1) >>> 6;
    long[] seen = SEEN.get();
    if (seen.length < words) {
      long[] larger = new long[words];
      SEEN.set(larger);
      return larger;
    }
    Arrays.fill(seen, 0, words, 0);
    return seen;
  }
}
