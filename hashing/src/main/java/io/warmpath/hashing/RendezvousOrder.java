package io.warmpath.hashing;

import com.google.errorprone.annotations.Var;
import java.util.List;
import java.util.Objects;

/**
 * Weighted rendezvous hashing: each node draws a score from the key, and the lowest scores win.
 *
 * <p>Shares are exactly proportional to the weights, so over {@code m} keys a node's count is
 * binomial. A change of one weight moves keys only to or from that node. Memory is 20 bytes a node;
 * a lookup hashes every node once.
 */
public final class RendezvousOrder implements ConsistentOrder {

  /*
   * A node of weight w scores -ln(u) / w, with u uniform in (0, 1) from the hash of key and node.
   * That is an exponential variable of rate w, and the smallest of such variables is node i's with
   * probability w(i) / sum(w): Thaler and Ravishankar [1], with the weights of Schindler [2].
   *
   * Key and id are good hashes already, so their exclusive or needs no more than a finalizer, which
   * makes the scores of any two nodes independent and costs a third of a full hash.
   *
   * The logarithm is the dear part, and hardly ever needed: 1 - u <= -ln(u), so a node whose
   * (1 - u) / w is above the worst score kept so far cannot enter, and about k ln(n / k) nodes pass
   * that test. StrictMath, because all routers must agree to the last bit whatever machine they run
   * on.
   *
   * The kept nodes are a max-heap with the worst on top, sorted at the end, so any count costs
   * O(n + k log k) and some more for the entries that are pushed out again.
   *
   * [1] Thaler, Ravishankar: Using Name-Based Mappings to Increase Hit Rates, IEEE/ACM Transactions
   *     on Networking 6(1), 1998.
   * [2] Schindler, Grosse: Weighted Distributed Hash Tables, SPAA 2005 (the logarithmic method).
   */
  private static final double UNIT_OF_52_BITS = 0x1p-52;

  /** Makes the test for skipping a node lenient by more than the rounding of its operands. */
  private static final double LENIENT = 1 - 0x1p-40;

  private static final ThreadLocal<double[]> SCORES = ThreadLocal.withInitial(() -> new double[64]);

  private final Nodes nodes;

  private RendezvousOrder(Nodes nodes) {
    this.nodes = nodes;
  }

  /**
   * Returns the order over {@code ids} with one weight each.
   *
   * @throws IllegalArgumentException if an id occurs twice or a weight is not finite and above 0
   */
  public static RendezvousOrder of(List<String> ids, double[] weights) {
    return new RendezvousOrder(new Nodes(ids, weights));
  }

  @Override
  public int size() {
    return nodes.count();
  }

  @Override
  public int first(long key, int count, int[] out) {
    int wanted = Math.min(count, nodes.count());
    Objects.checkFromIndexSize(0, wanted, out.length);
    if (wanted > 0) {
      double[] scores = scores(wanted);
      keepLowest(key, wanted, out, scores);
      sortHeap(wanted, out, scores);
      nodes.toCallersIndexes(out, wanted);
    }
    return wanted;
  }

  private void keepLowest(long key, int wanted, int[] kept, double[] scores) {
    for (int node = 0; node < wanted; node++) {
      double uniform = uniform(key, nodes.hash(node));
      siftUp(node, node, score(uniform, nodes.weight(node)), kept, scores);
    }
    for (int node = wanted; node < nodes.count(); node++) {
      double uniform = uniform(key, nodes.hash(node));
      if ((1 - uniform) * LENIENT <= scores[0] * nodes.weight(node)) {
        double score = score(uniform, nodes.weight(node));
        if (score < scores[0]) {
          siftDown(wanted, node, score, kept, scores);
        }
      }
    }
  }

  /** Both 52 random bits and the half unit fit a double, so neither end of (0, 1) is reached. */
  private static double uniform(long key, long nodeHash) {
    return ((spread(key ^ nodeHash) >>> 12) + 0.5) * UNIT_OF_52_BITS;
  }

  /** David Stafford's 13th variant of MurmurHash3's finalizer. */
  private static long spread(long bits) {
    @Var long mixed = bits;
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }

  private static double score(double uniform, double weight) {
    return -StrictMath.log(uniform) / weight;
  }

  /** Of equal scores the later node is the worse. */
  private static boolean isWorse(double score, int node, double otherScore, int otherNode) {
    return score > otherScore || (score == otherScore && node > otherNode);
  }

  /** Adds an entry to a heap of {@code size} entries. */
  private static void siftUp(int size, int node, double score, int[] kept, double[] scores) {
    @Var int position = size;
    while (position > 0) {
      int parent = (position - 1) >>> 1;
      if (!isWorse(score, node, scores[parent], kept[parent])) {
        break;
      }
      scores[position] = scores[parent];
      kept[position] = kept[parent];
      position = parent;
    }
    scores[position] = score;
    kept[position] = node;
  }

  /** Replaces the top of a heap of {@code size} entries. */
  private static void siftDown(int size, int node, double score, int[] kept, double[] scores) {
    @Var int position = 0;
    while (true) {
      @Var int child = 2 * position + 1;
      if (child >= size) {
        break;
      }
      int right = child + 1;
      if (right < size && isWorse(scores[right], kept[right], scores[child], kept[child])) {
        child = right;
      }
      if (!isWorse(scores[child], kept[child], score, node)) {
        break;
      }
      scores[position] = scores[child];
      kept[position] = kept[child];
      position = child;
    }
    scores[position] = score;
    kept[position] = node;
  }

  /** Turns the heap into ascending scores, by moving its top behind the shrinking heap. */
  private static void sortHeap(int size, int[] kept, double[] scores) {
    for (@Var int last = size - 1; last > 0; last--) {
      int worst = kept[0];
      siftDown(last, kept[last], scores[last], kept, scores);
      kept[last] = worst;
    }
  }

  private static double[] scores(int count) {
    double[] scores = SCORES.get();
    if (scores.length >= count) {
      return scores;
    }
    double[] larger = new double[count];
    SCORES.set(larger);
    return larger;
  }
}
