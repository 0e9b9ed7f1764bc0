package io.warmpath.simulator.trace;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a trace in this project's own format: a header line, then one JSON object a request. */
public final class TraceWriter {

  /** What the header's {@code format} says. */
  static final String FORMAT = "warmpath-trace-1";

  private TraceWriter() {}

  /** Writes {@code trace} to {@code file}. */
  public static void write(Trace trace, Path file) throws IOException {
    try (Writer writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
        JsonGenerator json = new JsonFactory().createGenerator(writer)) {
      json.setRootValueSeparator(null);
      json.writeStartObject();
      json.writeStringField("format", FORMAT);
      json.writeStringField("name", trace.name());
      json.writeNumberField("block_size", trace.blockTokens());
      json.writeEndObject();
      json.writeRaw('\n');
      for (TraceRequest request : trace.requests()) {
        write(request, json);
        json.writeRaw('\n');
      }
    }
  }

  private static void write(TraceRequest request, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeNumberField("timestamp", Math.round(1000 * request.arrivalMillis()) / 1000.0);
    json.writeNumberField("input_length", request.promptTokens());
    json.writeNumberField("output_length", request.outputTokens());
    TraceRequest.Turn turn = request.turn();
    if (turn != null) {
      json.writeStringField("session_id", turn.session());
      json.writeNumberField("turn", turn.number());
      if (turn.parent() >= 0 && !Double.isNaN(turn.thinkMillis())) {
        json.writeNumberField("think_ms", Math.round(turn.thinkMillis()));
      }
    }
    json.writeArrayFieldStart("hash_ids");
    for (int i = 0; i < request.blockCount(); i++) {
      json.writeNumber(request.blockId(i));
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
