package io.warmpath.router;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.netty.buffer.Unpooled;
import io.warmpath.testkit.SeededCases;
import java.util.List;
import org.junit.jupiter.api.Test;

final class StreamEndTest {

  private static final List<String> LAST_EVENTS =
      List.of("response.completed", "response.incomplete", "response.failed");

  @Test
  void reached_afterTheLastByteOnly_whereverPiecesAreCut() {
    SeededCases.run(
        500,
        random -> {
          String last = random.nextBoolean() ? "[DONE]" : "{\"type\":\"message_stop\"}";
          byte[] stream = ("data: {\"a\":1}\n\ndata: " + last + "\n\n").getBytes(UTF_8);
          StreamEnd end = new StreamEnd("/v1/completions");
          for (@Var int from = 0; from < stream.length; ) {
            assertThat(end.reached()).isFalse();
            int length = Math.min(stream.length - from, 1 + random.nextInt(30));
            end.look(Unpooled.wrappedBuffer(stream, from, length));
            from += length;
          }
          assertThat(end.reached()).isTrue();
        });
  }

  @Test
  void reached_afterTheLastEventOfAResponse_whereverPiecesAreCut() {
    SeededCases.run(
        500,
        random -> {
          String newline = random.nextBoolean() ? "\n" : "\r\n";
          String name = LAST_EVENTS.get(random.nextInt(LAST_EVENTS.size()));
          byte[] stream =
              """
              event: response.created
              data: {"a":"response.completed"}

              event: %s
              data: {"response":{"text":"%s"},"type":"response.completed"}

              """
                  .formatted(name, "x".repeat(random.nextInt(100)))
                  .replace("\n", newline)
                  .getBytes(UTF_8);
          StreamEnd end = new StreamEnd("/v1/responses");
          StreamEnd ofOther = new StreamEnd("/v1/completions");
          for (@Var int from = 0; from < stream.length; ) {
            assertThat(end.reached()).isFalse();
            int length = Math.min(stream.length - from, 1 + random.nextInt(30));
            end.look(Unpooled.wrappedBuffer(stream, from, length));
            ofOther.look(Unpooled.wrappedBuffer(stream, from, length));
            from += length;
          }
          assertThat(end.reached()).as(name).isTrue();
          assertThat(ofOther.reached()).isFalse();
        });
  }

  @Test
  void reached_withinAResponse_isNever() {
    for (String events :
        new String[] {
          "event: response.in_progress\ndata: {\"a\":\"event: response.completed\"}\n\n",
          "event: response.completed\ndata: {\"a\":1}\n",
          "event: response.completed.not\ndata: {}\n\n",
          "data: response.completed\n\n",
        }) {
      StreamEnd end = new StreamEnd("/v1/responses/resp_1");
      end.look(Unpooled.copiedBuffer(events, UTF_8));
      assertThat(end.reached()).as(events).isFalse();
    }
  }

  @Test
  void isBetweenEvents_afterABlankLineOnly() {
    StreamEnd end = new StreamEnd("/v1/completions");
    assertThat(end.isBetweenEvents()).isFalse();
    for (String piece : new String[] {"data: x\n", "data: a much longer piece", "\n"}) {
      end.look(Unpooled.copiedBuffer(piece, UTF_8));
      assertThat(end.isBetweenEvents()).as(piece).isFalse();
    }
    end.look(Unpooled.copiedBuffer("\n", UTF_8));
    assertThat(end.isBetweenEvents()).isTrue();
  }

  @Test
  void reached_withinAStream_isNever() {
    for (String event :
        new String[] {
          "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n",
          "data: {\"index\":0,\"type\":\"content_block_stop\"}\n\n",
          "data: \"[DONE]\"\n\n",
          "",
        }) {
      StreamEnd end = new StreamEnd("/v1/completions");
      end.look(Unpooled.copiedBuffer(event, UTF_8));
      assertThat(end.reached()).as(event).isFalse();
    }
  }
}
