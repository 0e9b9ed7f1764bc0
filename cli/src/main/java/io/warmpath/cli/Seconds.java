package io.warmpath.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads durations such as {@code 5ms}, {@code 1s}, {@code 2m} or {@code none} as seconds. */
final class Seconds implements ITypeConverter<Double> {

  private static final Pattern FORM = Pattern.compile("(\\d+(?:\\.\\d+)?)(us|ms|s|m|h)");

  @Override
  public Double convert(String text) {
    if (text.equals("none")) {
      return Double.POSITIVE_INFINITY;
    }
    if (text.equals("0")) {
      return 0.0;
    }
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException(
          text + " is not a duration, write a number and us, ms, s, m or h");
    }
    double seconds =
        switch (matcher.group(2)) {
          case "us" -> 1e-6;
          case "ms" -> 1e-3;
          case "m" -> 60;
          case "h" -> 3600;
          default -> 1;
        };
    return Double.parseDouble(matcher.group(1)) * seconds;
  }
}
