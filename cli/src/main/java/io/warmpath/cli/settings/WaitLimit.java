package io.warmpath.cli.settings;

import io.warmpath.config.Form;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A wait that may be without limit.
 *
 * @param seconds above 0, infinite for no limit
 */
@Form(WaitLimit.FORM)
record WaitLimit(double seconds) {

  static final String FORM = "none or a duration above 0, such as 500ms or 3s";

  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,6})?)(ms|s|m)");

  /** Reads {@code none} or a duration. */
  static WaitLimit parse(String text) {
    if (text.equals("none")) {
      return new WaitLimit(Double.POSITIVE_INFINITY);
    }
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches() || Double.parseDouble(matcher.group(1)) == 0) {
      throw new IllegalArgumentException(FORM);
    }
    double scale =
        switch (matcher.group(2)) {
          case "ms" -> 1e-3;
          case "m" -> 60;
          default -> 1;
        };
    return new WaitLimit(Double.parseDouble(matcher.group(1)) * scale);
  }
}
