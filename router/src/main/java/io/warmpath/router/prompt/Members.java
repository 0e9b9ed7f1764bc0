package io.warmpath.router.prompt;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The members of one object while they are written one after the other; puts them in the order of
 * their names at the end. Most writers keep one order, so most objects need no second copy only if
 * that order is ours; the copy is of this object's bytes, once. Beyond the body's {@link
 * SortBudget} an object keeps the order that it came in.
 */
final class Members {

  private static final int FIELDS = 3; // Where a member begins, where its name ends, where it ends.

  private final ByteSink out;
  private final SortBudget budget;
  private final int start;
  private int[] bounds = new int[8 * FIELDS];
  private int count;
  private boolean sorted = true;

  Members(ByteSink out, SortBudget budget) {
    this.out = out;
    this.budget = budget;
    this.start = out.length();
  }

  int count() {
    return count;
  }

  /** A member comes: writes the comma before it. */
  void begin() {
    if (count > 0) {
      out.write(',');
    }
    if ((count + 1) * FIELDS > bounds.length) {
      bounds = Arrays.copyOf(bounds, bounds.length * 2);
    }
    bounds[count * FIELDS] = out.length();
  }

  /** Takes back the member that began last. */
  void drop() {
    out.truncate(bounds[count * FIELDS] - (count > 0 ? 1 : 0));
  }

  /** Its name, quotes included, is written. */
  void named() {
    bounds[count * FIELDS + 1] = out.length();
    sorted = sorted && (count == 0 || compareNames(out.array(), 0, count - 1, count) <= 0);
  }

  /** Its value is written. */
  void end() {
    bounds[count * FIELDS + 2] = out.length();
    count++;
  }

  /** Puts the members in order, if the budget allows; those of one name keep theirs. */
  void sort() {
    if (sorted || !budget.take(out.length() - start, count)) {
      return;
    }
    byte[] unsorted = out.copyOfRange(start, out.length());
    int[] order =
        IntStream.range(0, count)
            .boxed()
            .sorted(
                ((Comparator<Integer>) (a, b) -> compareNames(unsorted, start, a, b))
                    .thenComparing(Comparator.naturalOrder()))
            .mapToInt(Integer::intValue)
            .toArray();
    out.truncate(start);
    @Var boolean first = true;
    for (int member : order) {
      if (!first) {
        out.write(',');
      }
      first = false;
      int from = bounds[member * FIELDS];
      out.write(unsorted, from - start, bounds[member * FIELDS + 2] - from);
    }
  }

  /** Compares two names without their quotes, in {@code bytes} that lie {@code shift} lower. */
  private int compareNames(byte[] bytes, int shift, int a, int b) {
    return Arrays.compareUnsigned(
        bytes,
        bounds[a * FIELDS] + 1 - shift,
        bounds[a * FIELDS + 1] - 1 - shift,
        bytes,
        bounds[b * FIELDS] + 1 - shift,
        bounds[b * FIELDS + 1] - 1 - shift);
  }
}
