package io.warmpath.router;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Watches an event stream pass and knows whether the client has been told its end, by the last
 * eight bytes.
 */
final class StreamEnd {

  /** How streams of OpenAI's API end. */
  private static final long DONE = longOf("[DONE]\n\n");

  /** How streams of Anthropic's API end, with {@code "type":"message_stop"}. */
  private static final long STOP = longOf("stop\"}\n\n");

  private long last;

  private static long longOf(String ending) {
    return ByteBuffer.wrap(ending.getBytes(StandardCharsets.US_ASCII)).getLong();
  }

  /** Looks at a piece, and leaves it as it is. */
  void look(ByteBuf piece) {
    int length = piece.readableBytes();
    if (length >= Long.BYTES) {
      last = piece.getLong(piece.writerIndex() - Long.BYTES);
    } else {
      for (int i = piece.readerIndex(); i < piece.writerIndex(); i++) {
        last = last << Byte.SIZE | piece.getUnsignedByte(i);
      }
    }
  }

  /** Whether all of the stream has passed. */
  boolean reached() {
    return last == DONE || last == STOP;
  }
}
