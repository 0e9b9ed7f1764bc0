package io.warmpath.agent.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.warmpath.testkit.SeededCases;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class SseParserTest {

  private static final int MAX_EVENT_BYTES = 20_000;

  private final List<String> events = new ArrayList<>();
  private final SseParser parser =
      new SseParser(
          MAX_EVENT_BYTES,
          (bytes, offset, length) ->
              events.add(new String(bytes, offset, length, StandardCharsets.UTF_8)));

  @Test
  void feed_lines_becomeEvents() throws MalformedStreamException {
    feed("data: one\n\ndata:two\r\n\r\n: a comment\nevent: x\nid: 7\ndata: th\ndata: ree\n\n");
    assertThat(events).containsExactly("one", "two", "th\nree");
    assertThat(parser.isBetweenEvents()).isTrue();
  }

  @Test
  void feed_otherFields_areNotData() throws MalformedStreamException {
    feed("database: no\n\ndata\n\ndata:\n\ndat: no\n\n");
    assertThat(events).containsExactly("", "");
  }

  @Test
  void feed_unfinishedEvent_isNotGivenOut() throws MalformedStreamException {
    feed("data: one\n");
    assertThat(events).isEmpty();
    assertThat(parser.isBetweenEvents()).isFalse();
  }

  @Test
  void feed_longestEvent_passesAndALongerOneIsRefused() throws MalformedStreamException {
    String longest = "x".repeat(MAX_EVENT_BYTES - "data: \n\n".length());
    feed("data: " + longest + "\n\n");
    assertThat(events).containsExactly(longest);
    assertThatThrownBy(() -> feed("data: " + "x".repeat(2 * MAX_EVENT_BYTES)))
        .isInstanceOf(MalformedStreamException.class)
        .hasMessage("an event is longer than 20000 bytes");
  }

  @Test
  void feed_randomEventsInRandomPieces_areReadAsWritten() {
    SeededCases.run(2_000, SseParserTest::checkCase);
  }

  private static void checkCase(SplittableRandom random) {
    List<String> written = new ArrayList<>();
    StringBuilder stream = new StringBuilder();
    String newline = random.nextBoolean() ? "\n" : "\r\n";
    int count = random.nextInt(1, 12);
    for (int i = 0; i < count; i++) {
      List<String> lines = new ArrayList<>();
      int lineCount = random.nextInt(4) == 0 ? random.nextInt(1, 4) : 1;
      for (int j = 0; j < lineCount; j++) {
        if (random.nextInt(5) == 0) {
          stream.append(": keep alive").append(newline);
        }
        lines.add(text(random));
        stream.append(random.nextBoolean() ? "data: " : "data:").append(lines.get(j));
        stream.append(newline);
      }
      stream.append(newline);
      written.add(String.join("\n", lines));
    }
    assertThat(readInPieces(stream.toString(), random)).isEqualTo(written);
  }

  private static List<String> readInPieces(String stream, SplittableRandom random) {
    List<String> read = new ArrayList<>();
    SseParser parser =
        new SseParser(
            MAX_EVENT_BYTES,
            (bytes, offset, length) ->
                read.add(new String(bytes, offset, length, StandardCharsets.UTF_8)));
    ByteBuf bytes = Unpooled.copiedBuffer(stream, StandardCharsets.UTF_8);
    int longestPiece = 1 << random.nextInt(13);
    try {
      while (bytes.isReadable()) {
        parser.feed(
            bytes.readSlice(Math.min(bytes.readableBytes(), random.nextInt(1, longestPiece + 1))));
      }
    } catch (MalformedStreamException refused) {
      throw new AssertionError(refused);
    }
    assertThat(parser.isBetweenEvents()).isTrue();
    return read;
  }

  /** Text without a leading space, which the format would eat; sometimes longer than the buffer. */
  private static String text(SplittableRandom random) {
    int length = random.nextInt(10) == 0 ? random.nextInt(6_000) : random.nextInt(40);
    StringBuilder text = new StringBuilder("{");
    for (int i = 0; i < length; i++) {
      text.append(random.nextInt(20) == 0 ? 'é' : (char) random.nextInt(' ', 127));
    }
    return text.toString();
  }

  private void feed(String text) throws MalformedStreamException {
    parser.feed(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
  }
}
