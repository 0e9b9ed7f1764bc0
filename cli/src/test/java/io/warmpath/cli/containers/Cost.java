package io.warmpath.cli.containers;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What became of requests in some time.
 *
 * @param completed answered to the end
 * @param failed ended by an error before they streamed
 * @param cut ended by an error after that
 * @param retried placed more than once
 * @param slowestMillis the longest answer
 * @param replicas answers, by the replica that gave them
 * @param reasons errors, as the load printed them
 */
record Cost(
    int completed,
    int failed,
    int cut,
    int retried,
    int slowestMillis,
    Map<String, Integer> replicas,
    String reasons) {

  static final Cost NONE = new Cost(0, 0, 0, 0, 0, Map.of(), "");

  private static final Pattern LINE =
      Pattern.compile(
          "completed=(\\d+) failed=(\\d+) cut=(\\d+) retried=(\\d+) slowest_ms=(\\d+)"
              + " replicas=\\{(.*?)}(.*)");

  /** Reads a line of {@code warmpath load}. */
  static Cost parse(String line) {
    Matcher matcher = LINE.matcher(line);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("no line of the load: " + line);
    }
    Map<String, Integer> replicas = new LinkedHashMap<>();
    for (String each : matcher.group(6).split(",", -1)) {
      if (!each.isEmpty()) {
        int equals = each.indexOf('=');
        replicas.put(each.substring(0, equals), Integer.parseInt(each.substring(equals + 1)));
      }
    }
    return new Cost(
        number(matcher, 1),
        number(matcher, 2),
        number(matcher, 3),
        number(matcher, 4),
        number(matcher, 5),
        replicas,
        matcher.group(7).strip());
  }

  private static int number(Matcher matcher, int group) {
    return Integer.parseInt(matcher.group(group));
  }

  Cost plus(Cost other) {
    Map<String, Integer> both = new TreeMap<>(replicas);
    other.replicas.forEach((replica, count) -> both.merge(replica, count, Integer::sum));
    return new Cost(
        completed + other.completed,
        failed + other.failed,
        cut + other.cut,
        retried + other.retried,
        Math.max(slowestMillis, other.slowestMillis),
        both,
        (reasons + " " + other.reasons).strip());
  }

  static String heading() {
    return String.format(
        Locale.ROOT,
        "%-34s %6s %8s %7s %5s %8s %11s",
        "step",
        "time",
        "answered",
        "failed",
        "cut",
        "retried",
        "slowest");
  }

  /** Returns a line below {@link #heading}. */
  String row(String step, long seconds) {
    return String.format(
        Locale.ROOT,
        "%-34s %4d s %8d %7d %5d %8d %8d ms%s",
        step,
        seconds,
        completed,
        failed,
        cut,
        retried,
        slowestMillis,
        reasons.isEmpty() ? "" : "  " + reasons);
  }
}
