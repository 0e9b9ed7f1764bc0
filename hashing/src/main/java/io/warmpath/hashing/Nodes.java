package io.warmpath.hashing;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Checked nodes in the sequence of their ids, which breaks every tie in the same way whatever
 * sequence the caller listed them in. Immutable.
 */
final class Nodes {

  private final int[] callersIndexes;
  private final long[] hashes;
  private final double[] weights;

  /**
   * Reads nodes as a caller lists them.
   *
   * @throws IllegalArgumentException naming an id that occurs twice or whose weight is not finite
   *     and above 0
   */
  Nodes(List<String> ids, double[] callersWeights) {
    int count = ids.size();
    if (count != callersWeights.length) {
      throw new IllegalArgumentException(count + " ids, " + callersWeights.length + " weights");
    }
    callersIndexes = new int[count];
    hashes = new long[count];
    weights = new double[count];
    List<Integer> sequence = sequence(ids);
    for (int node = 0; node < count; node++) {
      int index = sequence.get(node);
      callersIndexes[node] = index;
      hashes[node] = Hash.text(ids.get(index));
      weights[node] = checkWeight(ids.get(index), callersWeights[index]);
    }
  }

  private static List<Integer> sequence(List<String> ids) {
    List<Integer> sequence = new ArrayList<>(ids.size());
    for (int index = 0; index < ids.size(); index++) {
      sequence.add(index);
    }
    sequence.sort(Comparator.comparing(ids::get));
    for (int i = 1; i < sequence.size(); i++) {
      String id = ids.get(sequence.get(i));
      if (id.equals(ids.get(sequence.get(i - 1)))) {
        throw new IllegalArgumentException("node id occurs twice: " + id);
      }
    }
    return sequence;
  }

  private static double checkWeight(String id, double weight) {
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "weight of node " + id + ": " + weight + ", allowed: above 0 and finite");
    }
    return weight;
  }

  int count() {
    return hashes.length;
  }

  /** Hash of the id of {@code node}. */
  long hash(int node) {
    return hashes[node];
  }

  /** Capacity of {@code node} relative to others, above 0. */
  double weight(int node) {
    return weights[node];
  }

  /** Position of {@code node} in the caller's list. */
  int callersIndex(int node) {
    return callersIndexes[node];
  }

  /** Replaces the first {@code length} nodes by their positions in the caller's list. */
  void toCallersIndexes(int[] nodes, int length) {
    for (int i = 0; i < length; i++) {
      nodes[i] = callersIndexes[nodes[i]];
    }
  }
}
