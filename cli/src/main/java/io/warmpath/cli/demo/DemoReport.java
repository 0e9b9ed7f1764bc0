package io.warmpath.cli.demo;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Writes the results of a demo, for people and for machines. */
final class DemoReport {

  private static final String HEADER = "%-12s %9s %7s %8s %8s %8s %8s %8s %9s %7s%n";

  private DemoReport() {}

  /** Returns one table with a row a policy. */
  static String table(List<DemoResult> results) {
    StringBuilder table = new StringBuilder();
    table.append(HEADER.formatted("", "", "token", "TTFT s", "", "", "", "requests", "work", ""));
    table.append(
        HEADER.formatted(
            "policy",
            "requests",
            "hits",
            "mean",
            "p50",
            "p95",
            "p99",
            "max/mean",
            "max/mean",
            "errors"));
    for (DemoResult result : results) {
      table.append(
          String.format(
              Locale.ROOT,
              "%-12s %,9d %6.1f%% %8.3f %8.3f %8.3f %8.3f %8.2f %9.2f %7d%n",
              result.policy().id(),
              result.requests(),
              100 * result.tokenHitRate(),
              result.ttft().mean(),
              result.ttft().p50(),
              result.ttft().p95(),
              result.ttft().p99(),
              result.requestsMaxOverMean(),
              result.workMaxOverMean(),
              result.errors()));
    }
    return table.toString();
  }

  /** Writes {@code {"runs": [...]}} to {@code file}. */
  static void writeJson(List<DemoResult> results, Path file) throws IOException {
    try (Writer writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
        JsonGenerator json = new JsonFactory().createGenerator(writer)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter());
      json.writeStartObject();
      json.writeArrayFieldStart("runs");
      for (DemoResult result : results) {
        writeRun(result, json);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  private static void writeRun(DemoResult result, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("policy", result.policy().id());
    json.writeNumberField("requests", result.requests());
    json.writeNumberField("errors", result.errors());
    json.writeNumberField("tokenHitRate", result.tokenHitRate());
    json.writeObjectFieldStart("ttftSeconds");
    json.writeNumberField("mean", result.ttft().mean());
    json.writeNumberField("p50", result.ttft().p50());
    json.writeNumberField("p95", result.ttft().p95());
    json.writeNumberField("p99", result.ttft().p99());
    json.writeEndObject();
    json.writeNumberField("requestsMaxOverMean", result.requestsMaxOverMean());
    json.writeNumberField("workMaxOverMean", result.workMaxOverMean());
    json.writeEndObject();
  }
}
