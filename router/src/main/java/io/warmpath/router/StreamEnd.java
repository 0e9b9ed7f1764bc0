package io.warmpath.router;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Watches an event stream pass and knows whether the client has been told its end, by the last
 * sixteen bytes or, of a response, by its last event.
 */
final class StreamEnd {

  /** Ends an event. */
  static final String EVENT_END = "\n\n";

  private static final int EVENT_END_BITS = '\n' << Byte.SIZE | '\n';

  /** How streams of OpenAI's API end. */
  private static final long DONE = longOf("[DONE]\n\n");

  /** How streams of Anthropic's API end, with {@code "type":"message_stop"}. */
  private static final long MESSAGE = longOf("message_");

  private static final long STOP = longOf("stop\"}\n\n");

  private final @Nullable LastResponseEvent ofResponse;
  private long older;
  private long last;

  /** For the answer to a request to {@code path}. */
  StreamEnd(String path) {
    boolean response = HttpPaths.makesResponse(path) || !HttpPaths.responseId(path).isEmpty();
    this.ofResponse = response ? new LastResponseEvent() : null;
  }

  private static long longOf(String eightBytes) {
    return ByteBuffer.wrap(eightBytes.getBytes(StandardCharsets.US_ASCII)).getLong();
  }

  /** Looks at a piece, and leaves it as it is. */
  void look(ByteBuf piece) {
    if (ofResponse != null) {
      ofResponse.look(piece);
    }
    int end = piece.writerIndex();
    if (piece.readableBytes() >= 2 * Long.BYTES) {
      older = piece.getLong(end - 2 * Long.BYTES);
      last = piece.getLong(end - Long.BYTES);
      return;
    }
    for (int i = piece.readerIndex(); i < end; i++) {
      older = older << Byte.SIZE | last >>> (Long.SIZE - Byte.SIZE);
      last = last << Byte.SIZE | piece.getUnsignedByte(i);
    }
  }

  /** Whether what passed last is known to be an event's end, so that another may follow at once. */
  boolean isBetweenEvents() {
    return (last & 0xFFFF) == EVENT_END_BITS;
  }

  /** Whether all of the stream has passed. */
  boolean reached() {
    return last == DONE
        || (last == STOP && older == MESSAGE)
        || (ofResponse != null && ofResponse.passed());
  }
}
