package io.warmpath.cli;

import io.warmpath.simulator.replay.ReplayOptions.FleetEvent;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/** Reads changes of the fleet such as {@code 2@50%} or {@code 4@120s}. */
final class FleetEvents {

  private static final Pattern FORM = Pattern.compile("(\\d{1,5})@(?:(\\d{1,3})%|(\\S+))");

  private FleetEvents() {}

  /**
   * Returns the event that {@code text} describes.
   *
   * @throws IllegalArgumentException with one sentence if it describes none
   */
  static FleetEvent parse(FleetEvent.Kind kind, String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          text + " is no change of the fleet, write COUNT@TIME or COUNT@PERCENT%, such as 2@50%");
    }
    int count = Integer.parseInt(matcher.group(1));
    try {
      return matcher.group(2) == null
          ? new FleetEvent(kind, count, new Seconds().convert(matcher.group(3)), false)
          : new FleetEvent(kind, count, Integer.parseInt(matcher.group(2)) / 100.0, true);
    } catch (IllegalArgumentException | TypeConversionException bad) {
      throw new IllegalArgumentException(text + ": " + bad.getMessage(), bad);
    }
  }
}
