package io.warmpath.router;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Watches the beginning of an answer of {@code /v1/responses} pass, whole or as a stream, and finds
 * the response's id: the first string in it that begins with {@code resp_}. Not thread-safe.
 */
final class ResponseIdFinder {

  /** The id is the first member of the body, and of the first event. */
  private static final int MAX_BYTES = 4_096;

  private static final int MAX_ID_CHARACTERS = 128;
  private static final byte[] BEGINNING = "\"resp_".getBytes(StandardCharsets.US_ASCII);

  private final StringBuilder id = new StringBuilder();
  private int matched;
  private int looked;

  /** Looks at a piece, and leaves it as it is; returns the id when the piece completes it. */
  @Nullable String look(ByteBuf piece) {
    for (int i = piece.readerIndex(); i < piece.writerIndex() && looked < MAX_BYTES; i++) {
      looked++;
      if (isComplete(piece.getByte(i))) {
        looked = MAX_BYTES;
        return id.toString();
      }
    }
    return null;
  }

  /* The quote is found nowhere else in the beginning, so a mismatch need not look back. */
  private boolean isComplete(byte value) {
    if (matched < BEGINNING.length) {
      matched = value == BEGINNING[matched] ? matched + 1 : value == BEGINNING[0] ? 1 : 0;
      if (matched == BEGINNING.length) {
        id.append("resp_");
      }
      return false;
    }
    if (value == '"') {
      return true;
    }
    if (!isOfAnId(value) || id.length() == MAX_ID_CHARACTERS) {
      matched = 0;
      id.setLength(0);
      return false;
    }
    id.append((char) value);
    return false;
  }

  private static boolean isOfAnId(byte value) {
    return value > ' ' && value < 0x7f && value != '\\';
  }
}
