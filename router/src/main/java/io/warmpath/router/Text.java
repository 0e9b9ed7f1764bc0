package io.warmpath.router;

/** Text of clients on its way into messages. */
final class Text {

  private static final int LONGEST = 80;

  private Text() {}

  /** Returns {@code value} fit for one line of a message: cut, and without control characters. */
  static String shown(String value) {
    String cut = value.length() > LONGEST ? value.substring(0, LONGEST) + "..." : value;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }
}
