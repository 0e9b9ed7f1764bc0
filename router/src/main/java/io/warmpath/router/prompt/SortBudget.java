package io.warmpath.router.prompt;

/**
 * How much work it may be to put the members of one body's objects in order. Each object that is
 * sorted is copied, so an unsorted object within unsorted objects is copied once a level; with a
 * budget the work stays linear in the body.
 */
final class SortBudget {

  /*
   * Copied bytes, and for each member what its comparisons cost, taken as that many bytes. Texts
   * lie two or three levels deep and are long; the schemas of tools lie ten levels deep and are
   * short, so a factor serves the first and an allowance the others.
   */
  private static final int TIMES_THE_BODY = 4;
  private static final int ALLOWANCE_BYTES = 4 << 20;
  private static final int MEMBER_BYTES = 256;

  private final long limitBytes;
  private long spentBytes;

  /** For a body of {@code bodyBytes}. */
  SortBudget(int bodyBytes) {
    this.limitBytes = (long) TIMES_THE_BODY * bodyBytes + ALLOWANCE_BYTES;
  }

  /** Takes the cost of sorting one object, or nothing if that is more than is left. */
  boolean take(int bytes, int members) {
    long cost = bytes + (long) MEMBER_BYTES * members;
    if (cost > limitBytes - spentBytes) {
      return false;
    }
    spentBytes += cost;
    return true;
  }

  long limitBytes() {
    return limitBytes;
  }

  long spentBytes() {
    return spentBytes;
  }
}
