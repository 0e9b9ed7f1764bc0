package io.warmpath.agent.http;

import com.google.errorprone.annotations.Var;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Splits a stream of bytes into server-sent events, whatever pieces it comes in. Each byte is
 * copied once, out of the network buffer. Not thread-safe.
 */
public final class SseParser {

  /*
   * One buffer holds, from the left: the data of the event being read, then the line being read,
   * then free room. An event of one `data:` line, which is what engines send, is handed out where
   * it lies; the data of a further line moves left over its field name, to the end of the data
   * before it, so that an event's data is always one run of bytes.
   *
   *   dataStart .. dataEnd .. lineStart .. scanned .. filled .. buffer.length
   */
  private static final int INITIAL_BYTES = 4096;
  private static final byte[] DATA_FIELD = {'d', 'a', 't', 'a'};

  private final int maxEventBytes;
  private final Sink sink;
  private byte[] buffer = new byte[INITIAL_BYTES];
  private int dataStart;
  private int dataEnd;
  private boolean hasData;
  private int lineStart;
  private int scanned;
  private int filled;

  /** Receives the data of one event, valid during the call. */
  @FunctionalInterface
  public interface Sink {
    /** The event's data is {@code bytes[offset .. offset + length)}. */
    void event(byte[] bytes, int offset, int length) throws MalformedStreamException;
  }

  /** A parser whose events may have {@code maxEventBytes}, field names and comments included. */
  public SseParser(int maxEventBytes, Sink sink) {
    this.maxEventBytes = maxEventBytes;
    this.sink = sink;
  }

  /**
   * Reads all of {@code piece} and gives complete events to the sink.
   *
   * @throws MalformedStreamException when an event is too long, or the sink refuses one
   */
  public void feed(ByteBuf piece) throws MalformedStreamException {
    while (piece.isReadable()) {
      makeRoom();
      int length = Math.min(piece.readableBytes(), buffer.length - filled);
      piece.readBytes(buffer, filled, length);
      filled += length;
      splitLines();
    }
  }

  /** Whether the stream stands between two events, where it may end. */
  public boolean isBetweenEvents() {
    return !hasData && lineStart == filled;
  }

  private void splitLines() throws MalformedStreamException {
    while (scanned < filled) {
      if (buffer[scanned] != '\n') {
        scanned++;
        continue;
      }
      int lineEnd = scanned > lineStart && buffer[scanned - 1] == '\r' ? scanned - 1 : scanned;
      int next = scanned + 1;
      line(lineStart, lineEnd);
      lineStart = next;
      scanned = next;
    }
    if (!hasData && lineStart == filled) {
      lineStart = 0;
      scanned = 0;
      filled = 0;
    }
  }

  private void line(int start, int end) throws MalformedStreamException {
    if (start == end) {
      if (hasData) {
        hasData = false;
        sink.event(buffer, dataStart, dataEnd - dataStart);
      }
      return;
    }
    if (!isDataField(start, end)) {
      return;
    }
    @Var int value = Math.min(end, start + DATA_FIELD.length + 1);
    if (value < end && buffer[value] == ' ') {
      value++;
    }
    if (!hasData) {
      hasData = true;
      dataStart = value;
      dataEnd = end;
      return;
    }
    buffer[dataEnd++] = '\n';
    System.arraycopy(buffer, value, buffer, dataEnd, end - value);
    dataEnd += end - value;
  }

  private boolean isDataField(int start, int end) {
    int nameEnd = start + DATA_FIELD.length;
    return nameEnd <= end
        && Arrays.equals(buffer, start, nameEnd, DATA_FIELD, 0, DATA_FIELD.length)
        && (nameEnd == end || buffer[nameEnd] == ':');
  }

  private void makeRoom() throws MalformedStreamException {
    if (filled < buffer.length) {
      return;
    }
    int kept = hasData ? dataEnd - dataStart : 0;
    System.arraycopy(buffer, dataStart, buffer, 0, kept);
    System.arraycopy(buffer, lineStart, buffer, kept, filled - lineStart);
    dataStart = 0;
    dataEnd = kept;
    scanned -= lineStart - kept;
    filled -= lineStart - kept;
    lineStart = kept;
    if (filled == buffer.length) {
      if (filled >= maxEventBytes) {
        throw new MalformedStreamException("an event is longer than " + maxEventBytes + " bytes");
      }
      buffer = Arrays.copyOf(buffer, (int) Math.min(maxEventBytes, 2L * buffer.length));
    }
  }
}
