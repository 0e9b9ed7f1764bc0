package io.warmpath.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Joins the pieces of a body that arrive together, so that they leave as one: a chunk costs a relay
 * far more than the few bytes in it. A piece that stays alone is not copied. Confined to one
 * thread.
 */
public final class PieceJoiner {

  /** Most bytes that are joined. */
  public static final int MAX_BYTES = 64 << 10;

  /** What a buffer of joined pieces has room for at first, unless they need more. */
  private static final int INITIAL_BYTES = 4 << 10;

  private @Nullable ByteBuf joined;
  private boolean own;

  /** Whether {@code piece} may be added before {@link #take} has been called. */
  public boolean fits(ByteBuf piece) {
    return joined == null || joined.readableBytes() + piece.readableBytes() <= MAX_BYTES;
  }

  /** Adds a piece, which stays the caller's own to release. */
  public void add(ByteBuf piece, ByteBufAllocator allocator) {
    ByteBuf first = joined;
    if (first == null) {
      joined = piece.retain();
      own = false;
      return;
    }
    if (own) {
      first.writeBytes(piece, piece.readerIndex(), piece.readableBytes());
      return;
    }
    int bytes = first.readableBytes() + piece.readableBytes();
    ByteBuf both = allocator.buffer(Math.max(INITIAL_BYTES, bytes));
    both.writeBytes(first, first.readerIndex(), first.readableBytes());
    both.writeBytes(piece, piece.readerIndex(), piece.readableBytes());
    first.release();
    joined = both;
    own = true;
  }

  /** Returns what was added since the last call, for the caller to release; null if nothing was. */
  public @Nullable ByteBuf take() {
    ByteBuf taken = joined;
    joined = null;
    return taken;
  }

  /** Drops what was added. */
  public void release() {
    ByteBuf dropped = take();
    if (dropped != null) {
      dropped.release();
    }
  }
}
