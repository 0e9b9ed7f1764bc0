package io.warmpath.router.prompt;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A byte array that grows. */
final class ByteSink {

  private byte[] bytes;
  private int length;

  ByteSink(int capacity) {
    bytes = new byte[Math.max(16, capacity)];
  }

  void write(int value) {
    if (length == bytes.length) {
      grow(1);
    }
    bytes[length++] = (byte) value;
  }

  void write(byte[] source, int from, int count) {
    if (bytes.length - length < count) {
      grow(count);
    }
    System.arraycopy(source, from, bytes, length, count);
    length += count;
  }

  void write(ByteSink other) {
    write(other.bytes, 0, other.length);
  }

  /** Writes text of ASCII letters. */
  void ascii(String text) {
    byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
    write(ascii, 0, ascii.length);
  }

  int length() {
    return length;
  }

  /** Forgets what was written from {@code newLength} on. */
  void truncate(int newLength) {
    length = newLength;
  }

  /** The array, of which the first {@link #length} bytes count; not a copy. */
  byte[] array() {
    return bytes;
  }

  byte[] copyOfRange(int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  String text(int from) {
    return new String(bytes, from, length - from, StandardCharsets.UTF_8);
  }

  private void grow(int more) {
    bytes = Arrays.copyOf(bytes, Math.max(length + more, bytes.length * 2));
  }
}
