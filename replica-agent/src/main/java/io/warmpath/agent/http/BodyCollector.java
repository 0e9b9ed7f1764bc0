package io.warmpath.agent.http;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;

/** A short answer's body, kept up to a limit. Not thread-safe. */
public final class BodyCollector {

  private final int maxBytes;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
  private boolean truncated;

  /** Keeps the first {@code maxBytes}. */
  public BodyCollector(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Adds a piece, or what of it there is room for. */
  public void add(ByteBuf piece) {
    int room = maxBytes - bytes.size();
    int length = Math.min(room, piece.readableBytes());
    truncated |= length < piece.readableBytes();
    byte[] copy = new byte[length];
    piece.getBytes(piece.readerIndex(), copy);
    bytes.writeBytes(copy);
  }

  /** Whether the body was longer than the limit. */
  public boolean isTruncated() {
    return truncated;
  }

  /** What was kept. */
  public byte[] toBytes() {
    return bytes.toByteArray();
  }
}
