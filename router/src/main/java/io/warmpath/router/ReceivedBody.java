package io.warmpath.router;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * The body of a request while it arrives, in one array, whose length is taken from the router's
 * {@link BodyMemory}. Confined to one thread.
 */
final class ReceivedBody {

  /*
   * The declared length is a stranger's word: at most GROWTH times what has come is set aside for
   * it, and all bodies share one limit. Between requests nothing is kept, as most connections are
   * idle most of the time. A prompt of 100,000 tokens is moved once as it grows.
   */
  private static final int FIRST_BYTES = 64 << 10;
  private static final int GROWTH = 8;
  private static final byte[] NOTHING = new byte[0];

  private final BodyMemory memory;
  private final int maxBytes;
  private byte[] bytes = NOTHING;
  private int length;
  private long declared;

  /** A body of at most {@code maxBytes}. */
  ReceivedBody(BodyMemory memory, int maxBytes) {
    this.memory = memory;
    this.maxBytes = maxBytes;
  }

  /** A body begins, of {@code declaredBytes} by its head; 0 when it does not say. */
  void begin(long declaredBytes) {
    declared = Math.max(0, declaredBytes);
  }

  /** Bytes so far. */
  int length() {
    return length;
  }

  /** Whether {@code part} may be added: the body is not longer than it may be. */
  boolean fits(ByteBuf part) {
    return (long) length + part.readableBytes() <= maxBytes;
  }

  /** Takes all of a part that fits; returns false, and takes none, when memory is short. */
  boolean add(ByteBuf part) {
    int more = part.readableBytes();
    if (bytes.length - length < more && !grow(length + more)) {
      return false;
    }
    part.readBytes(bytes, length, more);
    length += more;
    return true;
  }

  private boolean grow(int needed) {
    long wanted = Math.max(FIRST_BYTES, (long) bytes.length * GROWTH);
    long atMost = Math.min(wanted, declared >= needed ? declared : maxBytes);
    int grown = (int) Math.max(needed, atMost);
    if (!memory.tryTake(grown - bytes.length)) {
      return false;
    }
    bytes = Arrays.copyOf(bytes, grown);
    return true;
  }

  /** Hands the body over, and with it the memory of its length; nothing is left here. */
  byte[] take() {
    byte[] whole = length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    memory.release(bytes.length - whole.length);
    bytes = NOTHING;
    length = 0;
    return whole;
  }

  /** Drops what has come. */
  void drop() {
    memory.release(bytes.length);
    bytes = NOTHING;
    length = 0;
  }
}
