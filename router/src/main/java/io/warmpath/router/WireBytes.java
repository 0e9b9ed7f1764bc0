package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/** Messages as byte arrays on their way through gRPC. */
final class WireBytes {

  private WireBytes() {}

  /** Reads a whole message; in one allocation when its length is known. */
  static byte[] readAll(InputStream stream) {
    try {
      if (!(stream instanceof KnownLength)) {
        return stream.readAllBytes();
      }
      byte[] bytes = new byte[stream.available()];
      int read = stream.readNBytes(bytes, 0, bytes.length);
      if (read != bytes.length) {
        throw new IOException(read + " bytes of " + bytes.length);
      }
      return bytes;
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** Returns {@code parts}, one after the other, as a message to send; nothing is copied. */
  static InputStream toSend(byte[]... parts) {
    return new Outgoing(parts);
  }

  /** A message to send; gRPC drains it straight into its own buffer. */
  private static final class Outgoing extends InputStream implements Drainable, KnownLength {

    private final byte[][] parts;
    private int part;
    private int offset;

    Outgoing(byte[][] parts) {
      this.parts = parts;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int length = available();
      for (; part < parts.length; part++, offset = 0) {
        target.write(parts[part], offset, parts[part].length - offset);
      }
      return length;
    }

    @Override
    public int available() {
      @Var int length = 0;
      for (int i = part; i < parts.length; i++) {
        length += parts[i].length;
      }
      return length - offset;
    }

    @Override
    public int read() {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int start, int length) {
      while (part < parts.length && offset == parts[part].length) {
        part++;
        offset = 0;
      }
      if (part == parts.length) {
        return length == 0 ? 0 : -1;
      }
      int count = Math.min(length, parts[part].length - offset);
      System.arraycopy(parts[part], offset, target, start, count);
      offset += count;
      return count;
    }
  }
}
