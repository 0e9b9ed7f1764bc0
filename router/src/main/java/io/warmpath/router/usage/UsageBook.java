package io.warmpath.router.usage;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** Usage by day and key. Confined to one thread. */
final class UsageBook {

  private final NavigableMap<LocalDate, Map<UsageKey, UsageCounts>> days = new TreeMap<>();

  void add(LocalDate day, UsageKey key, UsageCounts counts) {
    days.computeIfAbsent(day, d -> new HashMap<>()).merge(key, counts, UsageCounts::plus);
  }

  /** The days that have rows, in order. */
  List<LocalDate> days() {
    return List.copyOf(days.keySet());
  }

  /** The rows of a day. */
  Map<UsageKey, UsageCounts> rows(LocalDate day) {
    return days.getOrDefault(day, Map.of());
  }

  /** Forgets a day. */
  void remove(LocalDate day) {
    days.remove(day);
  }

  /** Forgets all days before {@code first}. */
  void removeBefore(LocalDate first) {
    days.headMap(first, false).clear();
  }

  void forEachKey(BiConsumer<LocalDate, UsageKey> action) {
    days.forEach((day, rows) -> rows.keySet().forEach(key -> action.accept(day, key)));
  }

  /**
   * Returns the sums of the days {@code from} to {@code to}, by the values of the dimensions {@code
   * by}, in their order.
   */
  Map<List<String>, UsageCounts> sum(LocalDate from, LocalDate to, List<UsageDimension> by) {
    Map<List<String>, UsageCounts> sums = new LinkedHashMap<>();
    if (from.isAfter(to)) {
      return sums;
    }
    days.subMap(from, true, to, true)
        .forEach((day, rows) ->
            rows.forEach(
                (key, counts) -> sums.merge(values(day, key, by), counts, UsageCounts::plus)));
    return sums;
  }

  private static List<String> values(LocalDate day, UsageKey key, List<UsageDimension> by) {
    List<String> values = new ArrayList<>(by.size());
    for (UsageDimension dimension : by) {
      values.add(dimension.of(day, key));
    }
    return values;
  }
}
