package io.warmpath.router.prompt;

import com.google.errorprone.annotations.Var;
import io.warmpath.hashing.PrefixHasher;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads JSON in one pass over its bytes and rewrites what is asked for in canonical form: no white
 * space, members in the order of their names' bytes (as far as the {@link SortBudget} goes), no
 * escape but of quote and backslash, numbers as {@link CanonicalNumber} writes them.
 *
 * <p>{@link CacheMarks} are left out. A long {@code data:} URI, such as an image, is replaced by
 * its digest: its bytes are no text that a prompt would grow by.
 */
final class JsonReader {

  /*
   * Almost all bytes of a prompt are inside strings, so the loop that matters finds the next quote,
   * backslash or control character. It looks at eight bytes at a time: (x - 0x0101..) & ~x &
   * 0x8080.. is not zero when a byte of x is zero, which after an exclusive or with the byte sought
   * means that it is there; the same with 0x20 subtracted finds bytes below 0x20 among those below
   * 0x80. What lies between is copied by one System.arraycopy. The UTF-8 is passed on unchecked.
   */

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long ONES = 0x0101_0101_0101_0101L;
  private static final long HIGHS = ONES << 7;
  private static final long QUOTES = ONES * '"';
  private static final long BACKSLASHES = ONES * '\\';
  private static final long SPACES = ONES * ' ';

  private static final int MAX_DEPTH = 128;
  private static final int EXACT_DIGITS = 15;
  private static final byte[] DATA_URI = "data:".getBytes(StandardCharsets.US_ASCII);
  private static final int LONG_DATA_URI = 256;

  private final byte[] bytes;
  private final int end;
  private final SortBudget budget;
  private int at;
  private int depth;

  /** Members around here that {@link CacheMarks#holdsData}. */
  private int dataDepth;

  JsonReader(byte[] bytes) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.budget = new SortBudget(bytes.length);
  }

  /** What putting members in order has cost so far. */
  SortBudget budget() {
    return budget;
  }

  // ---- structure

  /** Returns the next byte that is not white space, without taking it; 0 at the end. */
  byte peek() {
    while (at < end
        && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t')) {
      at++;
    }
    return at < end ? bytes[at] : 0;
  }

  /** Takes {@code expected}. */
  void take(char expected) throws MalformedJsonException {
    if (peek() != expected) {
      throw new MalformedJsonException("expected '" + expected + "' at byte " + at);
    }
    at++;
  }

  /** Takes {@code wanted} if it comes next. */
  boolean takeIf(char wanted) {
    if (peek() != wanted) {
      return false;
    }
    at++;
    return true;
  }

  /** Takes a name and its colon. */
  String name() throws MalformedJsonException {
    String name = text();
    take(':');
    return name;
  }

  /** Takes a string. */
  String text() throws MalformedJsonException {
    ByteSink sink = new ByteSink(32);
    string(sink, false);
    return sink.text(0);
  }

  /** Whether nothing but white space is left. */
  boolean atEnd() {
    return peek() == 0 && at == end;
  }

  // ---- values

  /** Takes any value and writes its canonical form. */
  void canonical(ByteSink out) throws MalformedJsonException {
    switch (peek()) {
      case '{' -> object(out);
      case '[' -> array(out);
      case '"' -> quoted(out);
      case 't' -> literal("true", out);
      case 'f' -> literal("false", out);
      case 'n' -> literal("null", out);
      default -> out.ascii(number());
    }
  }

  /** Takes any value and forgets it; its structure is checked, its scalars are not. */
  void skip() throws MalformedJsonException {
    switch (peek()) {
      case '{', '[' -> skipNested();
      case '"' -> skipString();
      default -> skipScalar();
    }
  }

  /** Told of each element of an array. */
  interface Elements {
    /** An element's canonical form begins at {@code from} of the output, and ends at its end. */
    void element(int from);
  }

  /** Takes an array and writes its elements, separated by commas, without the brackets. */
  void elements(ByteSink out) throws MalformedJsonException {
    elements(out, from -> {});
  }

  /** The same; tells {@code each} of one after the other. */
  void elements(ByteSink out, Elements each) throws MalformedJsonException {
    take('[');
    deeper();
    @Var boolean first = true;
    while (!takeIf(']')) {
      if (!first) {
        take(',');
        out.write(',');
      }
      first = false;
      int from = out.length();
      canonical(out);
      each.element(from);
    }
    depth--;
  }

  /** Takes a whole number of at most 32 bits. */
  int index() throws MalformedJsonException {
    int from = at;
    String number = number();
    try {
      return Integer.parseInt(number);
    } catch (NumberFormatException other) {
      throw new MalformedJsonException("no whole number of 32 bits at byte " + from);
    }
  }

  /**
   * Takes a string and writes its characters as UTF-8, with {@code escaped} as in canonical JSON.
   */
  void string(ByteSink out, boolean escaped) throws MalformedJsonException {
    take('"');
    while (true) {
      int stop = special(at);
      out.write(bytes, at, stop - at);
      at = stop;
      if (at == end) {
        throw new MalformedJsonException("a string does not end");
      }
      byte what = bytes[at++];
      if (what == '"') {
        return;
      }
      if (what != '\\') {
        throw new MalformedJsonException("a control character in a string at byte " + (at - 1));
      }
      escape(out, escaped);
    }
  }

  private void quoted(ByteSink out) throws MalformedJsonException {
    out.write('"');
    int start = out.length();
    string(out, true);
    int size = out.length() - start;
    if (size > LONG_DATA_URI
        && Arrays.equals(
            out.array(), start, start + DATA_URI.length, DATA_URI, 0, DATA_URI.length)) {
      long digest = PrefixHasher.hashText(out.text(start));
      out.truncate(start + DATA_URI.length);
      out.ascii(Long.toHexString(digest));
    }
    out.write('"');
  }

  private void array(ByteSink out) throws MalformedJsonException {
    out.write('[');
    elements(out);
    out.write(']');
  }

  private void object(ByteSink out) throws MalformedJsonException {
    take('{');
    deeper();
    out.write('{');
    Members members = new Members(out, budget);
    for (@Var boolean first = true; !takeIf('}'); first = false) {
      if (!first) {
        take(',');
      }
      members.begin();
      member(members, out);
    }
    members.sort();
    out.write('}');
    depth--;
  }

  private void member(Members members, ByteSink out) throws MalformedJsonException {
    out.write('"');
    int name = out.length();
    string(out, true);
    int nameEnd = out.length();
    out.write('"');
    take(':');
    if (dataDepth == 0 && CacheMarks.isMark(out.array(), name, nameEnd)) {
      members.drop();
      skip();
      return;
    }
    members.named();
    boolean data = CacheMarks.holdsData(out.array(), name, nameEnd);
    dataDepth += data ? 1 : 0;
    out.write(':');
    canonical(out);
    dataDepth -= data ? 1 : 0;
    members.end();
  }

  private void deeper() throws MalformedJsonException {
    if (++depth > MAX_DEPTH) {
      throw new MalformedJsonException("nested deeper than " + MAX_DEPTH);
    }
  }

  private void literal(String word, ByteSink out) throws MalformedJsonException {
    for (int i = 0; i < word.length(); i++) {
      if (at == end || bytes[at++] != word.charAt(i)) {
        throw new MalformedJsonException("expected '" + word + "' at byte " + at);
      }
    }
    out.ascii(word);
  }

  // ---- numbers

  private String number() throws MalformedJsonException {
    peek();
    int from = at;
    @Var boolean whole = true;
    takeByte('-');
    int digitsFrom = at;
    digits();
    if (at - digitsFrom > 1 && bytes[digitsFrom] == '0') {
      throw new MalformedJsonException("a number with a leading zero at byte " + from);
    }
    if (takeByte('.')) {
      whole = false;
      digits();
    }
    if (takeByte('e') || takeByte('E')) {
      whole = false;
      if (!takeByte('+')) {
        takeByte('-');
      }
      digits();
    }
    String text = new String(bytes, from, at - from, StandardCharsets.US_ASCII);
    boolean exact = whole && at - digitsFrom <= EXACT_DIGITS && !text.equals("-0");
    return exact ? text : CanonicalNumber.text(Double.parseDouble(text));
  }

  private boolean takeByte(char wanted) {
    if (at < end && bytes[at] == wanted) {
      at++;
      return true;
    }
    return false;
  }

  private void digits() throws MalformedJsonException {
    int from = at;
    while (at < end && bytes[at] >= '0' && bytes[at] <= '9') {
      at++;
    }
    if (at == from) {
      throw new MalformedJsonException("no value at byte " + at);
    }
  }

  // ---- strings

  private int special(int from) {
    @Var int i = from;
    for (; i <= end - Long.BYTES; i += Long.BYTES) {
      long word = (long) LONGS.get(bytes, i);
      long quote = word ^ QUOTES;
      long backslash = word ^ BACKSLASHES;
      long found =
          ((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash) | ((word - SPACES) & ~word);
      if ((found & HIGHS) != 0) {
        break;
      }
    }
    // The word that stopped the loop, or the last few bytes: one by one.
    while (i < end && bytes[i] != '"' && bytes[i] != '\\' && (bytes[i] & 0xff) >= ' ') {
      i++;
    }
    return i;
  }

  private void escape(ByteSink out, boolean escaped) throws MalformedJsonException {
    if (at == end) {
      throw new MalformedJsonException("a string does not end");
    }
    byte what = bytes[at++];
    switch (what) {
      case '"', '\\' -> {
        if (escaped) {
          out.write('\\');
        }
        out.write(what);
      }
      case '/' -> out.write('/');
      case 'b' -> out.write('\b');
      case 'f' -> out.write('\f');
      case 'n' -> out.write('\n');
      case 'r' -> out.write('\r');
      case 't' -> out.write('\t');
      case 'u' -> codePoint(out, escaped);
      default -> throw new MalformedJsonException("an unknown escape at byte " + (at - 1));
    }
  }

  private void codePoint(ByteSink out, boolean escaped) throws MalformedJsonException {
    @Var int unit = hex4();
    if (Character.isHighSurrogate((char) unit)
        && end - at >= 6
        && bytes[at] == '\\'
        && bytes[at + 1] == 'u') {
      int back = at;
      at += 2;
      int low = hex4();
      if (Character.isLowSurrogate((char) low)) {
        unit = Character.toCodePoint((char) unit, (char) low);
      } else {
        at = back;
      }
    }
    if (escaped && (unit == '"' || unit == '\\')) {
      out.write('\\');
    }
    utf8(unit, out);
  }

  private int hex4() throws MalformedJsonException {
    if (end - at < 4) {
      throw new MalformedJsonException("a string does not end");
    }
    @Var int value = 0;
    for (int i = 0; i < 4; i++) {
      int digit = Character.digit(bytes[at++], 16);
      if (digit < 0) {
        throw new MalformedJsonException("an escape without four digits at byte " + (at - 1));
      }
      value = (value << 4) | digit;
    }
    return value;
  }

  private static void utf8(int codePoint, ByteSink out) {
    if (codePoint < 0x80) {
      out.write(codePoint);
    } else if (codePoint < 0x800) {
      out.write(0xc0 | (codePoint >> 6));
      out.write(0x80 | (codePoint & 0x3f));
    } else if (codePoint < 0x10000) {
      out.write(0xe0 | (codePoint >> 12));
      out.write(0x80 | ((codePoint >> 6) & 0x3f));
      out.write(0x80 | (codePoint & 0x3f));
    } else {
      out.write(0xf0 | (codePoint >> 18));
      out.write(0x80 | ((codePoint >> 12) & 0x3f));
      out.write(0x80 | ((codePoint >> 6) & 0x3f));
      out.write(0x80 | (codePoint & 0x3f));
    }
  }

  // ---- skipping

  private void skipNested() throws MalformedJsonException {
    @Var int open = 0;
    do {
      switch (peek()) {
        case '{', '[' -> {
          open++;
          at++;
        }
        case '}', ']' -> {
          open--;
          at++;
        }
        case '"' -> skipString();
        case ',', ':' -> at++;
        default -> skipScalar();
      }
      if (open > MAX_DEPTH) {
        throw new MalformedJsonException("nested deeper than " + MAX_DEPTH);
      }
    } while (open > 0);
  }

  private void skipString() throws MalformedJsonException {
    take('"');
    for (at = special(at); at < end && bytes[at] != '"'; at = special(at)) {
      if (bytes[at] != '\\' || at + 1 == end) {
        throw new MalformedJsonException("a control character in a string at byte " + at);
      }
      at += 2;
    }
    if (at == end) {
      throw new MalformedJsonException("a string does not end");
    }
    at++;
  }

  private void skipScalar() throws MalformedJsonException {
    int from = at;
    while (at < end && (Character.isLetterOrDigit(bytes[at]) || "+-.".indexOf(bytes[at]) >= 0)) {
      at++;
    }
    if (at == from) {
      throw new MalformedJsonException("no value at byte " + at);
    }
  }
}
