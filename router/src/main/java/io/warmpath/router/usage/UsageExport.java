package io.warmpath.router.usage;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.warmpath.routing.Ticker;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Usage as one JSON document a UTC day, for other tools; made from what the other files hold, and
 * never read. Confined to one thread.
 */
final class UsageExport {

  /*
   * A document is replaced as a whole, in one step, so whoever reads it sees all of some moment.
   * Writing thousands of rows every few seconds would be a waste, so the current day's is at most a
   * minute behind; that of a day that is over, and all at the router's end, are exact.
   */
  private static final long PERIOD_NANOS = Duration.ofMinutes(1).toNanos();

  private static final int NANO_DIGITS = 9;
  private static final JsonFactory JSON = new JsonFactory();
  private static final Comparator<UsageKey> ORDER =
      Comparator.comparing(UsageKey::tenant)
          .thenComparing(UsageKey::model)
          .thenComparing(UsageKey::familyWord)
          .thenComparing(UsageKey::session);

  private final Path directory;
  private final Ticker ticker;
  private final Set<LocalDate> changed = new HashSet<>();
  private final Map<LocalDate, Long> writtenNanos = new HashMap<>();

  /** Writes into {@code directory}, which exists. */
  UsageExport(Path directory, Ticker ticker) {
    this.directory = directory;
    this.ticker = ticker;
  }

  /** The rows of a day are not those that its document has. */
  void changed(LocalDate day) {
    changed.add(day);
  }

  /**
   * Writes the documents that are due.
   *
   * @param book what they are made from
   * @param today the current day
   * @param last whether there will be no further call
   */
  void write(UsageBook book, LocalDate today, boolean last) throws IOException {
    long now = ticker.nanos();
    for (LocalDate day : List.copyOf(changed)) {
      Long before = writtenNanos.get(day);
      if (last || day.isBefore(today) || before == null || now - before >= PERIOD_NANOS) {
        write(day, book.rows(day));
        changed.remove(day);
        writtenNanos.put(day, now);
      }
    }
    writtenNanos.keySet().removeIf(day -> day.isBefore(today));
  }

  private void write(LocalDate day, Map<UsageKey, UsageCounts> rows) throws IOException {
    if (rows.isEmpty()) {
      return; // The day is no longer kept.
    }
    Path file = directory.resolve("usage-" + day + ".json");
    Path whole = directory.resolve("usage-" + day + ".json.new");
    try (OutputStream out = Files.newOutputStream(whole);
        JsonGenerator json = JSON.createGenerator(out, JsonEncoding.UTF8)) {
      json.writeStartObject();
      json.writeStringField("day", day.toString());
      json.writeArrayFieldStart("rows");
      List<UsageKey> keys = rows.keySet().stream().sorted(ORDER).toList();
      for (UsageKey key : keys) {
        json.writeRaw('\n');
        row(json, key, rows.getOrDefault(key, UsageCounts.ZERO));
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeRaw('\n');
    }
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void row(JsonGenerator json, UsageKey key, UsageCounts counts) throws IOException {
    json.writeStartObject();
    json.writeStringField("tenant", key.tenant());
    json.writeStringField("model", key.model());
    json.writeStringField("family", key.familyWord());
    json.writeStringField("session", key.session().word());
    json.writeNumberField("requests", counts.requests());
    json.writeNumberField("estimatedRequests", counts.estimatedRequests());
    json.writeNumberField("promptTokens", counts.promptTokens());
    json.writeNumberField("cachedTokens", counts.cachedTokens());
    json.writeNumberField("completionTokens", counts.completionTokens());
    json.writeNumberField("cost", money(counts.costNanos()));
    json.writeNumberField("saved", money(counts.savedNanos()));
    json.writeEndObject();
  }

  private static BigDecimal money(long nanos) {
    return BigDecimal.valueOf(nanos, NANO_DIGITS);
  }
}
