package io.warmpath.simulator.trace;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The trace formats that {@link TraceReader} knows; docs/traces.md describes them. */
public enum TraceFormat {
  /** Mooncake's: times in milliseconds, ids of 512 tokens. */
  MOONCAKE(1, 512),
  /** Bailian's: times in seconds, ids of 16 tokens, chat ids. */
  BAILIAN(1000, 16),
  /** This project's own: times in milliseconds, block size in a header line. */
  WARMPATH(1, 128);

  private final double millisPerUnit;
  private final int blockTokens;

  TraceFormat(double millisPerUnit, int blockTokens) {
    this.millisPerUnit = millisPerUnit;
    this.blockTokens = blockTokens;
  }

  /** Milliseconds that one unit of a time stamp stands for. */
  double millisPerUnit() {
    return millisPerUnit;
  }

  /** Tokens a block unless the file says otherwise. */
  int blockTokens() {
    return blockTokens;
  }

  /**
   * Returns the format of this name.
   *
   * @throws IllegalArgumentException with one sentence if there is none
   */
  public static TraceFormat parse(String name) {
    for (TraceFormat format : values()) {
      if (format.toString().equals(name.toLowerCase(Locale.ROOT))) {
        return format;
      }
    }
    String known = Arrays.stream(values()).map(Object::toString).collect(Collectors.joining(", "));
    throw new IllegalArgumentException("format is " + name + ", must be one of " + known);
  }

  /** The name in commands and files. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
