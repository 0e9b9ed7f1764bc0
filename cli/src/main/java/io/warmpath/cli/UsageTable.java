package io.warmpath.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.Var;
import io.warmpath.v1.GetUsageResponse;
import io.warmpath.v1.UsageRow;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Usage of one or several routers, added up. */
final class UsageTable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int NANO_DIGITS = 9;
  private static final int SHOWN_DIGITS = 4;

  private final List<UsageCommand.By> by;
  private final List<String> routers = new ArrayList<>();
  private final Map<List<String>, UsageRow> rows = new LinkedHashMap<>();
  private boolean durable = true;

  /** A table without rows that tells {@code by} apart, at least one. */
  UsageTable(List<UsageCommand.By> by) {
    this.by = List.copyOf(by);
  }

  /** Adds what a router said. */
  void add(GetUsageResponse response) {
    routers.add(response.getRouterId());
    durable &= response.getDurable();
    for (UsageRow row : response.getRowsList()) {
      rows.merge(
          by.stream().map(dimension -> value(dimension, row)).toList(), row, UsageTable::sum);
    }
  }

  private static String value(UsageCommand.By dimension, UsageRow row) {
    return switch (dimension) {
      case DAY -> row.getDay();
      case TENANT -> row.getTenant();
      case MODEL -> row.getModel();
      case FAMILY -> row.getFamily();
      case SESSION -> row.getSessionClass();
    };
  }

  private static UsageRow sum(UsageRow one, UsageRow other) {
    return one.toBuilder()
        .setRequests(one.getRequests() + other.getRequests())
        .setEstimatedRequests(one.getEstimatedRequests() + other.getEstimatedRequests())
        .setPromptTokens(one.getPromptTokens() + other.getPromptTokens())
        .setCachedTokens(one.getCachedTokens() + other.getCachedTokens())
        .setCompletionTokens(one.getCompletionTokens() + other.getCompletionTokens())
        .setCostNanos(one.getCostNanos() + other.getCostNanos())
        .setSavedNanos(one.getSavedNanos() + other.getSavedNanos())
        .build();
  }

  private UsageRow total() {
    return rows.values().stream().reduce(UsageRow.getDefaultInstance(), UsageTable::sum);
  }

  /** The rows with the most prompt tokens first; those of days in the order of the days. */
  private List<Map.Entry<List<String>, UsageRow>> sorted() {
    Comparator<Map.Entry<List<String>, UsageRow>> byTokens =
        Comparator.comparingLong(row -> -row.getValue().getPromptTokens());
    Comparator<Map.Entry<List<String>, UsageRow>> byDay =
        Comparator.comparing(row -> row.getValue().getDay());
    return rows.entrySet().stream().sorted(byDay.thenComparing(byTokens)).toList();
  }

  // ---- for people

  /** The lines of the table. */
  List<String> lines() {
    int[] widths = new int[by.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(by.get(i).word().length(), "total".length());
      for (List<String> values : rows.keySet()) {
        widths[i] = Math.max(widths[i], values.get(i).length());
      }
    }
    List<String> lines = new ArrayList<>();
    List<String> names = by.stream().map(UsageCommand.By::word).toList();
    lines.add(
        labels(names, widths)
            + String.format(
                Locale.ROOT,
                "%10s %15s %15s %7s %15s %14s %14s",
                "requests",
                "prompt",
                "cached",
                "hits",
                "completion",
                "cost",
                "saved"));
    sorted().forEach(row -> lines.add(labels(row.getKey(), widths) + numbers(row.getValue())));
    List<String> ofTotal = new ArrayList<>(Collections.nCopies(by.size(), " "));
    ofTotal.set(0, "total");
    lines.add(labels(ofTotal, widths) + numbers(total()));
    addNotes(lines);
    return lines;
  }

  private void addNotes(List<String> lines) {
    long estimated = total().getEstimatedRequests();
    if (estimated > 0) {
      lines.add("");
      lines.add(
          String.format(
              Locale.ROOT,
              "%,d requests are estimates: their engine reported no usage.",
              estimated));
    }
    if (!durable) {
      lines.add("");
      lines.add("Since the routers' start: without metering.directory nothing is kept.");
    }
  }

  private static String labels(List<String> values, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (@Var int i = 0; i < widths.length; i++) {
      String value = values.get(i).isEmpty() ? "-" : values.get(i);
      line.append(value).append(" ".repeat(widths[i] - value.length() + 2));
    }
    return line.toString();
  }

  private static String numbers(UsageRow row) {
    double share =
        row.getPromptTokens() == 0 ? 0 : 100.0 * row.getCachedTokens() / row.getPromptTokens();
    return String.format(
        Locale.ROOT,
        "%,10d %,15d %,15d %6.1f%% %,15d %14s %14s",
        row.getRequests(),
        row.getPromptTokens(),
        row.getCachedTokens(),
        share,
        row.getCompletionTokens(),
        money(row.getCostNanos()).setScale(SHOWN_DIGITS, RoundingMode.HALF_UP),
        money(row.getSavedNanos()).setScale(SHOWN_DIGITS, RoundingMode.HALF_UP));
  }

  // ---- for programs

  /** The same as a JSON object. */
  String json() throws IOException {
    ObjectNode page = JSON.createObjectNode();
    ArrayNode of = page.putArray("routers");
    routers.forEach(of::add);
    page.put("durable", durable);
    ArrayNode list = page.putArray("rows");
    for (Map.Entry<List<String>, UsageRow> row : sorted()) {
      ObjectNode object = list.addObject();
      for (int i = 0; i < by.size(); i++) {
        object.put(by.get(i).word(), row.getKey().get(i));
      }
      put(object, row.getValue());
    }
    put(page.putObject("total"), total());
    return JSON.writerWithDefaultPrettyPrinter()
        .with(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
        .writeValueAsString(page);
  }

  private static void put(ObjectNode object, UsageRow row) {
    object
        .put("requests", row.getRequests())
        .put("estimatedRequests", row.getEstimatedRequests())
        .put("promptTokens", row.getPromptTokens())
        .put("cachedTokens", row.getCachedTokens())
        .put("completionTokens", row.getCompletionTokens())
        .put("cost", money(row.getCostNanos()))
        .put("saved", money(row.getSavedNanos()));
  }

  private static BigDecimal money(long nanos) {
    return BigDecimal.valueOf(nanos, NANO_DIGITS);
  }
}
