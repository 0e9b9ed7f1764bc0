package io.warmpath.router;

import com.google.errorprone.annotations.Var;

/**
 * A pattern of a whole name: {@code *} stands for any number of characters, {@code ?} for one.
 *
 * @param pattern 1..512 characters
 */
public record Glob(String pattern) {

  private static final int MAX_CHARACTERS = 512;

  public Glob {
    if (pattern.isEmpty() || pattern.length() > MAX_CHARACTERS) {
      throw new IllegalArgumentException("a pattern of 1 to " + MAX_CHARACTERS + " characters");
    }
  }

  /** Returns the pattern {@code text}. */
  public static Glob parse(String text) {
    return new Glob(text);
  }

  /** Whether the pattern stands for {@code name}. */
  boolean matches(String name) {
    return matches(name, false);
  }

  /**
   * Whether every name that {@code other} stands for is one of this pattern, as far as the patterns
   * themselves show.
   */
  boolean covers(Glob other) {
    return matches(other.pattern, true);
  }

  /**
   * Keeps one place to go back to, the last star's, so that the time is at most the product of both
   * lengths.
   *
   * @param isPattern whether {@code text} is a pattern, whose star only a star stands for
   */
  private boolean matches(String text, boolean isPattern) {
    @Var int own = 0;
    @Var int at = 0;
    @Var int star = -1;
    @Var int starAt = 0;
    while (at < text.length()) {
      if (own < pattern.length() && pattern.charAt(own) == '*') {
        star = own++;
        starAt = at;
      } else if (own < pattern.length() && standsFor(pattern.charAt(own), text, at, isPattern)) {
        own++;
        at++;
      } else if (star >= 0) {
        own = star + 1;
        at = ++starAt;
      } else {
        return false;
      }
    }
    while (own < pattern.length() && pattern.charAt(own) == '*') {
      own++;
    }
    return own == pattern.length();
  }

  private static boolean standsFor(char own, String text, int at, boolean isPattern) {
    char other = text.charAt(at);
    if (isPattern && other == '*') {
      return false;
    }
    return own == '?' || (own == other && !(isPattern && other == '?'));
  }

  @Override
  public String toString() {
    return pattern;
  }
}
