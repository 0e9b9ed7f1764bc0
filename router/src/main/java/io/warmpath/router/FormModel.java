package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Finds the model in a multipart form, such as that of {@code /v1/audio/transcriptions}: the part
 * named {@code model}, before or behind the file. What is no such form, or malformed, has none.
 */
final class FormModel {

  /*
   * One pass over the body. A boundary begins at the beginning of a line and has no line's end in
   * it, so no byte is compared with it twice; heads are looked at as far as the two limits below.
   */
  private static final int MAX_PARTS = 64;
  private static final int MAX_HEAD_BYTES = 1_024;
  private static final int MAX_MODEL_BYTES = 256;

  private static final String FORM = "multipart/form-data";
  private static final String DISPOSITION = "content-disposition:";
  private static final String LINE_END = "\r\n";

  private final byte[] body;
  private final byte[] delimiter;

  private FormModel(byte[] body, String boundary) {
    this.body = body;
    this.delimiter = ("--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Returns the model that {@code body} names, empty for none. */
  static String find(String contentType, byte[] body) {
    String[] parts = contentType.split(";", -1);
    String boundary = parameter(parts, "boundary");
    return parts[0].strip().equalsIgnoreCase(FORM) && !boundary.isEmpty()
        ? new FormModel(body, boundary).find()
        : "";
  }

  private String find() {
    @Var int parts = 0;
    for (@Var int at = 0; at < body.length && parts < MAX_PARTS; at = nextLine(at)) {
      if (isDelimiter(at)) {
        parts++;
        String model = modelOf(at + delimiter.length);
        if (!model.isEmpty()) {
          return model;
        }
      }
    }
    return "";
  }

  private boolean isDelimiter(int at) {
    int end = at + delimiter.length;
    return end <= body.length && Arrays.equals(body, at, end, delimiter, 0, delimiter.length);
  }

  private int nextLine(int from) {
    @Var int at = from;
    while (at < body.length && body[at] != '\n') {
      at++;
    }
    return at + 1;
  }

  /** Returns the content of the part behind a delimiter if it is named so, else nothing. */
  private String modelOf(int from) {
    int end = Math.min(body.length, from + MAX_HEAD_BYTES + MAX_MODEL_BYTES);
    String part = new String(body, from, end - from, StandardCharsets.UTF_8);
    int headEnd = part.indexOf(LINE_END + LINE_END);
    if (headEnd < 0 || !isNamedModel(part.substring(0, headEnd))) {
      return "";
    }
    int value = headEnd + 2 * LINE_END.length();
    int valueEnd = part.indexOf(LINE_END, value);
    return valueEnd < 0 ? "" : part.substring(value, valueEnd);
  }

  private static boolean isNamedModel(String head) {
    return head.lines()
        .filter(line -> line.regionMatches(true, 0, DISPOSITION, 0, DISPOSITION.length()))
        .anyMatch(line -> parameter(line.split(";", -1), "name").equals("model"));
  }

  /** Returns the parameter's value without its quotes, empty when it is absent. */
  private static String parameter(String[] parts, String name) {
    for (int i = 1; i < parts.length; i++) {
      String[] pair = parts[i].strip().split("=", 2);
      if (pair.length == 2 && pair[0].equalsIgnoreCase(name)) {
        String value = pair[1];
        boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
        return quoted ? value.substring(1, value.length() - 1) : value;
      }
    }
    return "";
  }
}
