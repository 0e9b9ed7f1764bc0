package io.warmpath.simulator.server;

import com.google.errorprone.annotations.Var;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes metrics as the Python client of Prometheus does: labels sorted, counters with {@code
 * _total} and a {@code _created} sibling, numbers as Python prints them.
 */
final class MetricsPage {

  private static final int EXPONENT_DIGITS = 6;

  private final StringBuilder page = new StringBuilder(32_768);
  private final Map<String, String> commonLabels;
  private final double createdSeconds;

  /**
   * Begins a page.
   *
   * @param commonLabels labels of every series
   * @param createdSeconds Unix time at which all series began
   */
  MetricsPage(Map<String, String> commonLabels, double createdSeconds) {
    this.commonLabels = commonLabels;
    this.createdSeconds = createdSeconds;
  }

  MetricsPage gauge(String name, String help, double value) {
    return gauge(name, help, Map.of(), value);
  }

  MetricsPage gauge(String name, String help, Map<String, String> labels, double value) {
    header(name, help, "gauge");
    sample(name, labels, value);
    return this;
  }

  /** Adds one more series of the gauge written before. */
  MetricsPage another(String name, Map<String, String> labels, double value) {
    sample(name, labels, value);
    return this;
  }

  MetricsPage counter(String name, String help, long value) {
    return counter(name, help, "", Map.of("", (double) value));
  }

  /** Adds a counter with one series for each value of {@code label}. */
  MetricsPage counter(String name, String help, String label, Map<String, Double> values) {
    header(name + "_total", help, "counter");
    values.forEach((key, value) -> sample(name + "_total", labels(label, key), value));
    header(name + "_created", help, "gauge");
    values.forEach((key, value) -> sample(name + "_created", labels(label, key), createdSeconds));
    return this;
  }

  MetricsPage histogram(String name, String help, Histogram histogram) {
    header(name, help, "histogram");
    @Var long cumulative = 0;
    for (int bucket = 0; bucket < histogram.bucketCount(); bucket++) {
      cumulative += histogram.count(bucket);
      sample(name + "_bucket", Map.of("le", number(histogram.bound(bucket))), (double) cumulative);
    }
    sample(name + "_count", Map.of(), (double) cumulative);
    sample(name + "_sum", Map.of(), histogram.sum());
    header(name + "_created", help, "gauge");
    sample(name + "_created", Map.of(), createdSeconds);
    return this;
  }

  /** Adds all of another page. */
  MetricsPage append(MetricsPage other) {
    page.append(other.page);
    return this;
  }

  String text() {
    return page.toString();
  }

  /** Formats as the Python client does: {@code 12.0}, {@code 2.097152e+06}, {@code +Inf}. */
  static String number(double value) {
    if (Double.isInfinite(value)) {
      return value > 0 ? "+Inf" : "-Inf";
    }
    String text = Double.toString(value);
    if (text.indexOf('E') < 0) {
      return text;
    }
    if (Math.abs(value) < 1) {
      return text.replace(".0E", "E").replace('E', 'e').replaceFirst("e-(\\d)$", "e-0$1");
    }
    int exponent = (int) Math.floor(Math.log10(Math.abs(value)));
    String digits = text.substring(0, text.indexOf('E')).replaceFirst("\\.0$", "");
    return exponent < EXPONENT_DIGITS
        ? text
        : String.format(Locale.ROOT, "%se+%02d", digits, exponent);
  }

  private static Map<String, String> labels(String label, String value) {
    return label.isEmpty() ? Map.of() : Map.of(label, value);
  }

  private void header(String name, String help, String type) {
    page.append("# HELP ").append(name).append(' ').append(help).append('\n');
    page.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  private void sample(String name, Map<String, String> labels, double value) {
    Map<String, String> all = new TreeMap<>(commonLabels);
    all.putAll(labels);
    page.append(name);
    @Var char separator = '{';
    for (Map.Entry<String, String> label : all.entrySet()) {
      page.append(separator).append(label.getKey()).append("=\"");
      page.append(escaped(label.getValue())).append('"');
      separator = ',';
    }
    page.append(all.isEmpty() ? " " : "} ").append(number(value)).append('\n');
  }

  private static String escaped(String value) {
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\"", "\\\"");
  }
}
