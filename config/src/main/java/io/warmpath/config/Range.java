package io.warmpath.config;

import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The smallest and largest value of a setting; of a string, list or map the length.
 *
 * @param minText the bound as the annotation gives it, empty for none; likewise {@code maxText}
 * @param unit of the number, empty for none
 */
record Range(
    @Nullable Comparable<?> min,
    @Nullable Comparable<?> max,
    String minText,
    String maxText,
    String unit,
    boolean ofLength) {

  /** Returns whether {@code value}, which has the type of the bounds, lies within them. */
  boolean admits(Object value) {
    if (min == null && max == null) {
      return true;
    }
    Object measured = ofLength ? length(value) : value;
    return (min == null || compare(min, measured) <= 0)
        && (max == null || compare(max, measured) >= 0);
  }

  private static int length(Object value) {
    return switch (value) {
      case String text -> text.length();
      case Collection<?> list -> list.size();
      case Map<?, ?> map -> map.size();
      default -> throw new IllegalArgumentException("has no length: " + value.getClass());
    };
  }

  @SuppressWarnings("unchecked") // The bounds were read by the parser that read the value.
  private static int compare(Comparable<?> bound, Object value) {
    return ((Comparable<Object>) bound).compareTo(value);
  }

  /** Returns the bounds in words, as in {@code from 1 to 10 tokens}; empty without bounds. */
  String inWords() {
    String amount = ofLength ? "a length " : "";
    String suffix = unit.isEmpty() || unit.equals("bytes") ? "" : " " + unit;
    if (min != null && max != null) {
      return amount + "from " + minText + " to " + maxText + suffix;
    }
    if (min != null) {
      return amount + "of at least " + minText + suffix;
    }
    return max != null ? amount + "of at most " + maxText + suffix : "";
  }
}
