package io.warmpath.simulator.replay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What a capacity search found.
 *
 * @param targetSeconds the target of the 95th percentile of first-token times
 * @param entries one a policy
 */
public record CapacityReport(double targetSeconds, @Var List<Entry> entries) {

  private static final String BASE = "round-robin";

  public CapacityReport {
    entries = List.copyOf(entries);
  }

  /**
   * One policy's capacity.
   *
   * @param policy its name
   * @param speed the highest speed within the target, 0 if none was
   * @param wallSeconds how long the search took
   */
  public record Entry(String policy, double speed, double wallSeconds) {}

  /** Returns a policy's speed over round robin's, NaN when that was not searched or is 0. */
  public double ratio(Entry entry) {
    double base =
        entries.stream()
            .filter(each -> each.policy.equals(BASE))
            .mapToDouble(Entry::speed)
            .findFirst()
            .orElse(0);
    return base == 0 ? Double.NaN : entry.speed / base;
  }

  /** Returns the report for people. */
  public String table() {
    StringBuilder table = new StringBuilder();
    table.append(
        String.format(
            Locale.ROOT, "%-24s %14s %14s%n", "policy", "capacity speed", "round robin x"));
    for (Entry entry : entries) {
      double ratio = ratio(entry);
      String times = Double.isNaN(ratio) ? "-" : String.format(Locale.ROOT, "%.2f", ratio);
      table.append(
          String.format(Locale.ROOT, "%-24s %14.2f %14s%n", entry.policy, entry.speed, times));
    }
    return table.toString();
  }

  /** Writes the report for machines. */
  public void writeJson(Path file) throws IOException {
    try (Writer writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
        JsonGenerator json = new JsonFactory().createGenerator(writer)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter());
      json.writeStartObject();
      json.writeNumberField("ttftP95TargetSeconds", targetSeconds);
      json.writeArrayFieldStart("runs");
      for (Entry entry : entries) {
        json.writeStartObject();
        json.writeStringField("policy", entry.policy);
        json.writeNumberField("capacitySpeed", entry.speed);
        if (!Double.isNaN(ratio(entry))) {
          json.writeNumberField("ratioToRoundRobin", ratio(entry));
        }
        json.writeNumberField("wallSeconds", entry.wallSeconds);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
  }
}
