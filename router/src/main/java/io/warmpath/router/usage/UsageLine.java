package io.warmpath.router.usage;

import com.google.errorprone.annotations.Var;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * One line of a day's file: comma-separated values as spreadsheets read them.
 *
 * @param day the UTC day
 */
record UsageLine(LocalDate day, UsageKey key, UsageCounts counts) {

  static final String HEADER =
      "day,tenant,model,family,session,requests,estimatedRequests,promptTokens,cachedTokens,"
          + "completionTokens,cost,saved";

  private static final int FIELDS = 12;
  private static final int NANO_DIGITS = 9;

  /** Returns the line without its end. */
  String text() {
    return String.join(
        ",",
        day.toString(),
        quoted(key.tenant()),
        quoted(key.model()),
        key.familyWord(),
        key.session().word(),
        Long.toString(counts.requests()),
        Long.toString(counts.estimatedRequests()),
        Long.toString(counts.promptTokens()),
        Long.toString(counts.cachedTokens()),
        Long.toString(counts.completionTokens()),
        money(counts.costNanos()),
        money(counts.savedNanos()));
  }

  /**
   * Reads a line.
   *
   * @throws IllegalArgumentException when it is none
   */
  static UsageLine parse(String text) {
    List<String> fields = fields(text);
    if (fields.size() != FIELDS) {
      throw new IllegalArgumentException(fields.size() + " fields, there must be " + FIELDS);
    }
    UsageKey key =
        new UsageKey(
            fields.get(1),
            fields.get(2),
            UsageKey.family(fields.get(3)),
            SessionClass.of(fields.get(4)));
    UsageCounts counts =
        new UsageCounts(
            Long.parseLong(fields.get(5)),
            Long.parseLong(fields.get(6)),
            Long.parseLong(fields.get(7)),
            Long.parseLong(fields.get(8)),
            Long.parseLong(fields.get(9)),
            nanos(fields.get(10)),
            nanos(fields.get(11)));
    return new UsageLine(day(fields.get(0)), key, counts);
  }

  private static LocalDate day(String text) {
    try {
      return LocalDate.parse(text);
    } catch (java.time.format.DateTimeParseException none) {
      throw new IllegalArgumentException("day is \"" + text + "\"", none);
    }
  }

  private static String money(long nanos) {
    return BigDecimal.valueOf(nanos, NANO_DIGITS).toPlainString();
  }

  private static long nanos(String money) {
    try {
      return new BigDecimal(money).movePointRight(NANO_DIGITS).longValueExact();
    } catch (ArithmeticException | NumberFormatException none) {
      throw new IllegalArgumentException("\"" + money + "\" is no amount", none);
    }
  }

  /** Control characters would end the line; nothing that is told apart differs in them alone. */
  private static String quoted(String text) {
    String plain = text.replaceAll("\\p{Cntrl}", "?");
    boolean special = plain.indexOf(',') >= 0 || plain.indexOf('"') >= 0;
    return special ? '"' + plain.replace("\"", "\"\"") + '"' : plain;
  }

  private static List<String> fields(String text) {
    List<String> fields = new ArrayList<>(FIELDS);
    StringBuilder field = new StringBuilder();
    @Var boolean inQuotes = false;
    for (int i = 0; i < text.length(); i++) {
      char letter = text.charAt(i);
      if (letter == '"') {
        // Two quotes within quotes are one; the first of them ends, the second begins again.
        if (!inQuotes && i > 0 && text.charAt(i - 1) == '"') {
          field.append('"');
        }
        inQuotes = !inQuotes;
      } else if (letter == ',' && !inQuotes) {
        fields.add(field.toString());
        field.setLength(0);
      } else {
        field.append(letter);
      }
    }
    fields.add(field.toString());
    return fields;
  }
}
