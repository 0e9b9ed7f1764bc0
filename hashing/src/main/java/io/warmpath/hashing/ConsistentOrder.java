package io.warmpath.hashing;

/**
 * Gives every key an order of all nodes that hardly changes when nodes come and go.
 *
 * <p>What every implementation holds:
 *
 * <ul>
 *   <li>The order of a key depends on nothing but the key and the ids and weights of the nodes; in
 *       particular not on the sequence in which the nodes are listed. Processes with the same nodes
 *       agree without talking.
 *   <li>It is nested: the first {@code k} nodes are a prefix of the first {@code k + 1}.
 *   <li>A node that leaves takes only itself out of each order; a node that joins only inserts
 *       itself. The others keep their sequence.
 *   <li>Over many keys, a node is first in proportion to its weight, as closely as the
 *       implementation states.
 * </ul>
 *
 * <p>Immutable and thread-safe. A lookup allocates nothing once its thread has made one.
 */
public interface ConsistentOrder {

  /** Number of nodes. */
  int size();

  /**
   * Writes the indexes of the first {@code count} distinct nodes of {@code key}'s order, or of all
   * when there are fewer.
   *
   * @param key a well-spread hash
   * @param count at least 0
   * @param out receives indexes into the list of nodes that the order was built from
   * @return the number of nodes written, {@code min(count, size())}
   * @throws IndexOutOfBoundsException if they do not fit into {@code out}
   */
  int first(long key, int count, int[] out);
}
