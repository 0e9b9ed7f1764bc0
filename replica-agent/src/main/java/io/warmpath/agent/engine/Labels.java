package io.warmpath.agent.engine;

import com.google.errorprone.annotations.Var;
import java.util.HashMap;
import java.util.Map;

/** The labels of one line of a metrics page. */
final class Labels {

  private final Map<String, String> values;
  private final int end;

  private Labels(Map<String, String> values, int end) {
    this.values = values;
    this.end = end;
  }

  /**
   * Reads the labels of {@code line} that begin at {@code start}, if there are any.
   *
   * @throws MalformedMetricsException when they do not end
   */
  static Labels parse(String line, int start) throws MalformedMetricsException {
    Map<String, String> values = new HashMap<>();
    if (start >= line.length() || line.charAt(start) != '{') {
      return new Labels(values, start);
    }
    @Var int at = start + 1;
    while (at < line.length() && line.charAt(at) != '}') {
      int equals = line.indexOf('=', at);
      if (equals < 0 || equals + 1 >= line.length() || line.charAt(equals + 1) != '"') {
        throw new MalformedMetricsException("a label has no quoted value");
      }
      StringBuilder value = new StringBuilder();
      int close = quoted(line, equals + 2, value);
      values.put(line.substring(at, equals).strip(), value.toString());
      at = close + 1;
      while (at < line.length() && (line.charAt(at) == ',' || line.charAt(at) == ' ')) {
        at++;
      }
    }
    if (at >= line.length()) {
      throw new MalformedMetricsException("the labels of a line do not end");
    }
    return new Labels(values, at + 1);
  }

  /** Index after the labels. */
  int end() {
    return end;
  }

  String getOrDefault(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  /**
   * The label as a whole number; {@code otherwise} when it is missing, `None` or no such number.
   */
  long number(String name, long otherwise) {
    String value = values.getOrDefault(name, "");
    if (value.isEmpty() || value.length() > 15) {
      return otherwise;
    }
    for (int i = 0; i < value.length(); i++) {
      if (value.charAt(i) < '0' || value.charAt(i) > '9') {
        return otherwise;
      }
    }
    return Long.parseLong(value);
  }

  /** Appends the value that begins at {@code start}; returns the index of its closing quote. */
  private static int quoted(String line, int start, StringBuilder value)
      throws MalformedMetricsException {
    @Var int at = start;
    while (at < line.length() && line.charAt(at) != '"') {
      @Var char c = line.charAt(at++);
      if (c == '\\' && at < line.length()) {
        c = line.charAt(at++);
        c = c == 'n' ? '\n' : c;
      }
      value.append(c);
    }
    if (at >= line.length()) {
      throw new MalformedMetricsException("a label's value does not end");
    }
    return at;
  }
}
