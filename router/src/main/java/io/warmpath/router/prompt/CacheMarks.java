package io.warmpath.router.prompt;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Anthropic's {@code cache_control} members, which say up to where an engine may cache. Clients
 * move them on from turn to turn, and no engine puts them in its prompt, so the canonical form
 * leaves them out of tools, systems and messages.
 *
 * <p>What a tool takes or a model gave it is data and may have members of that name: below the
 * members that hold such data all stay.
 */
final class CacheMarks {

  private static final String MARK = "cache_control";

  /** Arguments of a call, and the schemas of arguments in Anthropic's, OpenAI's and any form. */
  private static final List<String> DATA =
      List.of("input", "input_schema", "parameters", "properties");

  private static final byte[] MARK_BYTES = ascii(MARK);
  private static final List<byte[]> DATA_BYTES = DATA.stream().map(CacheMarks::ascii).toList();

  private CacheMarks() {}

  /** Whether a member of that name is a mark. */
  static boolean isMark(String name) {
    return name.equals(MARK);
  }

  /** Whether the member of that name holds data, in which there are no marks. */
  static boolean holdsData(String name) {
    return DATA.contains(name);
  }

  /** The same as {@link #isMark(String)} of the bytes from {@code from} to {@code to}. */
  static boolean isMark(byte[] bytes, int from, int to) {
    return Arrays.equals(bytes, from, to, MARK_BYTES, 0, MARK_BYTES.length);
  }

  /** The same as {@link #holdsData(String)} of the bytes from {@code from} to {@code to}. */
  static boolean holdsData(byte[] bytes, int from, int to) {
    for (byte[] name : DATA_BYTES) {
      if (Arrays.equals(bytes, from, to, name, 0, name.length)) {
        return true;
      }
    }
    return false;
  }

  private static byte[] ascii(String name) {
    return name.getBytes(StandardCharsets.US_ASCII);
  }
}
