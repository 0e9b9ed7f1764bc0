package io.warmpath.routing;

/**
 * Prefixes that became cached lately on one replica, oldest first: a step hash and how long before
 * the report it was touched. Immutable; the arrays are handed over, not copied.
 */
public final class RecentAnchors {

  /** No anchors. */
  public static final RecentAnchors NONE = new RecentAnchors(new long[0], new int[0]);

  private final long[] hashes;
  private final int[] ageMillis;

  /**
   * Takes both arrays over.
   *
   * @throws IllegalArgumentException if they differ in length
   */
  public RecentAnchors(long[] hashes, int[] ageMillis) {
    if (hashes.length != ageMillis.length) {
      throw new IllegalArgumentException(hashes.length + " hashes, " + ageMillis.length + " ages");
    }
    this.hashes = hashes;
    this.ageMillis = ageMillis;
  }

  /** Number of anchors. */
  public int size() {
    return hashes.length;
  }

  /** The step hash of anchor {@code index}. */
  public long hash(int index) {
    return hashes[index];
  }

  /** Milliseconds between the touch of anchor {@code index} and the report. */
  public int ageMillis(int index) {
    return ageMillis[index];
  }
}
