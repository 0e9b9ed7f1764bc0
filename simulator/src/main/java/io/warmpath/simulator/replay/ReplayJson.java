package io.warmpath.simulator.replay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes results for machines: {@code {"runs": [...]}}, one object a policy and seed. */
public final class ReplayJson {

  private ReplayJson() {}

  /** Writes {@code results} to {@code file}. */
  public static void write(List<ReplayResult> results, Path file) throws IOException {
    try (Writer writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
        JsonGenerator json = new JsonFactory().createGenerator(writer)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter());
      json.writeStartObject();
      json.writeArrayFieldStart("runs");
      for (ReplayResult result : results) {
        writeRun(result, json);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  private static void writeRun(ReplayResult result, JsonGenerator json) throws IOException {
    ReplayResult.Run run = result.run();
    json.writeStartObject();
    json.writeStringField("policy", run.policy());
    json.writeNumberField("requests", result.outcomes().requests());
    json.writeNumberField("errors", result.outcomes().errors());
    json.writeNumberField("tokenHitRate", result.tokenHitRate());
    json.writeObjectFieldStart("ttftSeconds");
    json.writeNumberField("mean", result.ttftMeanSeconds());
    json.writeNumberField("p50", result.ttftSeconds(50));
    json.writeNumberField("p95", result.ttftSeconds(95));
    json.writeNumberField("p99", result.ttftSeconds(99));
    json.writeEndObject();
    json.writeNumberField("requestsMaxOverMean", result.balance().requestsMaxOverMean());
    json.writeNumberField("workMaxOverMean", result.balance().workMaxOverMean());
    json.writeNumberField("seed", run.seed());
    json.writeNumberField("routers", run.routers());
    json.writeNumberField("speed", run.speed());
    json.writeNumberField("wallSeconds", run.wallSeconds());
    writeOutcomes(result, json);
    json.writeEndObject();
  }

  private static void writeOutcomes(ReplayResult result, JsonGenerator json) throws IOException {
    json.writeNumberField("completed", result.outcomes().completed());
    json.writeNumberField("refused", result.outcomes().refused());
    json.writeNumberField("cutStreams", result.outcomes().cutStreams());
    json.writeNumberField("replaced", result.outcomes().replaced());
    json.writeNumberField("sloRequests", result.target().requestShare());
    json.writeNumberField("sloTokens", result.target().tokenShare());
    json.writeObjectFieldStart("hottestFamily");
    json.writeNumberField("requestShare", result.hottest().requestShare());
    json.writeNumberField("ttftP95Seconds", result.hottest().p95Seconds());
    json.writeNumberField("othersTtftP95Seconds", result.hottest().othersP95Seconds());
    json.writeEndObject();
    json.writeNumberField("picks", result.decisions().picks());
    json.writeNumberField("refusals", result.decisions().refusals());
    json.writeNumberField("spills", result.decisions().spills());
    json.writeArrayFieldStart("busyShares");
    for (double share : result.balance().busyShares()) {
      json.writeNumber(share);
    }
    json.writeEndArray();
  }
}
