package io.warmpath.router.prompt;

/** Writes numbers in one way, whatever way they came in. */
final class CanonicalNumber {

  private static final double LARGEST_EXACT = 1L << 53;

  private CanonicalNumber() {}

  /** Returns whole numbers without a point, others as Java writes them. */
  static String text(double value) {
    return value == Math.rint(value) && Math.abs(value) <= LARGEST_EXACT
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
