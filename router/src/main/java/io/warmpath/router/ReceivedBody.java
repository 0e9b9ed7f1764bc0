package io.warmpath.router;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/** The body of a request while it arrives, in one array. Confined to one thread. */
final class ReceivedBody {

  /*
   * The declared length is a stranger's word: at most GROWTH times what has come is set aside for
   * it. Between requests nothing is kept, as most connections are idle most of the time.
   */
  private static final int FIRST_BYTES = 64 << 10;
  private static final int GROWTH = 4;
  private static final byte[] NOTHING = new byte[0];

  private byte[] bytes = NOTHING;
  private int length;
  private long declared;

  /** A body begins, of {@code declaredBytes} by its head; 0 when it does not say. */
  void begin(long declaredBytes) {
    declared = Math.max(0, declaredBytes);
    bytes = declared == 0 ? NOTHING : new byte[(int) Math.min(declared, FIRST_BYTES)];
    length = 0;
  }

  /** Bytes so far. */
  int length() {
    return length;
  }

  /** Takes all of {@code part}. */
  void add(ByteBuf part) {
    int more = part.readableBytes();
    if (bytes.length - length < more) {
      long wanted = Math.max(FIRST_BYTES, (long) bytes.length * GROWTH);
      long atMost = declared > length + more ? Math.min(wanted, declared) : wanted;
      bytes = Arrays.copyOf(bytes, (int) Math.max(length + more, atMost));
    }
    part.readBytes(bytes, length, more);
    length += more;
  }

  /** Hands the body over; nothing is left here. */
  byte[] take() {
    byte[] whole = length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    bytes = NOTHING;
    length = 0;
    return whole;
  }
}
