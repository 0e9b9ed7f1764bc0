package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * Watches a stream of {@code /v1/responses} pass and knows whether its last event has: such a
 * stream ends with the event of that name, which brings the whole response, and often with nothing
 * behind it.
 */
final class LastResponseEvent {

  private static final Set<String> LAST =
      Set.of("response.completed", "response.incomplete", "response.failed");

  private static final String EVENT = "event:";

  /** Longer lines are no names of these. */
  private static final int MAX_LINE_BYTES = 32;

  private final byte[] line = new byte[MAX_LINE_BYTES];
  private int lineBytes;
  private boolean named;
  private boolean passed;

  /** Looks at a piece, and leaves it as it is. */
  void look(ByteBuf piece) {
    @Var int from = piece.readerIndex();
    while (from < piece.writerIndex()) {
      int end = piece.indexOf(from, piece.writerIndex(), (byte) '\n');
      keep(piece, from, end < 0 ? piece.writerIndex() : end);
      if (end < 0) {
        return;
      }
      endLine();
      from = end + 1;
    }
  }

  /** Whether the last event has passed, with the empty line that ends it. */
  boolean passed() {
    return passed;
  }

  private void keep(ByteBuf piece, int from, int to) {
    int kept = Math.min(lineBytes, MAX_LINE_BYTES);
    piece.getBytes(from, line, kept, Math.min(to - from, MAX_LINE_BYTES - kept));
    lineBytes = Math.min(kept + (to - from), MAX_LINE_BYTES + 1);
  }

  private void endLine() {
    if (lineBytes <= MAX_LINE_BYTES) {
      String text = new String(line, 0, lineBytes, StandardCharsets.US_ASCII).strip();
      passed |= named && text.isEmpty();
      named = !text.isEmpty() && (isName(text) || named);
    }
    lineBytes = 0;
  }

  private static boolean isName(String text) {
    return text.startsWith(EVENT) && LAST.contains(text.substring(EVENT.length()).strip());
  }
}
