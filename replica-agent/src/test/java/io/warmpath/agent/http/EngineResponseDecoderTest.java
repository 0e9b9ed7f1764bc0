package io.warmpath.agent.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class EngineResponseDecoderTest {

  private static final String HEAD =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

  @Test
  void chunksThatArriveTogether_leaveAsOnePiece() {
    List<String> told =
        told(
            new EngineResponseDecoder(), HEAD + "3\r\nabc\r\n4\r\ndefg\r\n", "1\r\nh\r\n0\r\n\r\n");

    assertThat(told).containsExactly("head 200", "piece abcdefg", "piece h", "end ");
  }

  @Test
  void chunkThatIsCut_leavesAsFarAsItCame() {
    List<String> told =
        told(
            new EngineResponseDecoder(),
            HEAD + "1",
            "0\r",
            "\n0123456",
            "789abcde",
            "f\r",
            "\n2\r\nzz",
            "\r\n0\r\n\r\n");

    assertThat(told)
        .containsExactly(
            "head 200", "piece 0123456", "piece 789abcde", "piece f", "piece zz", "end ");
  }

  @Test
  void answers_areDecodedAsNettysOwnDecoderDoes_howeverTheyAreCut() {
    SeededCases.run(
        500,
        random -> {
          String text = answers(random);
          String[] reads = cut(text, random);
          assertThat(joined(told(new EngineResponseDecoder(), reads)))
              .as(text)
              .isEqualTo(joined(told(new HttpResponseDecoder(), text)));
        });
  }

  @Test
  void answersThatAreBroken_failAsWithNettysOwnDecoder() {
    SeededCases.run(
        500,
        random -> {
          StringBuilder text = new StringBuilder(answers(random));
          int at = HEAD.length() + random.nextInt(Math.max(1, text.length() - HEAD.length()));
          if (at < text.length()) {
            text.setCharAt(at, (char) random.nextInt(256));
          }
          List<String> told = told(new EngineResponseDecoder(), cut(text.toString(), random));
          List<String> netty = told(new HttpResponseDecoder(), text.toString());
          assertThat(joined(told)).as(text.toString()).isEqualTo(joined(netty));
        });
  }

  @Test
  void delimiterThatIsNone_isAFailure() {
    assertThat(told(new EngineResponseDecoder(), HEAD + "3\r\nabcXX1\r\nd\r\n0\r\n\r\n"))
        .startsWith("head 200", "piece abc", "broken");
  }

  @Test
  void answerToHead_hasNoBody() {
    EngineResponseDecoder decoder = new EngineResponseDecoder();
    decoder.answersHead(true);
    assertThat(told(decoder, HEAD + HEAD)).containsExactly("head 200", "end ", "head 200", "end ");
  }

  // ---- answers

  /** One to three answers on one connection, most of them chunked. */
  private static String answers(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    int count = 1 + random.nextInt(3);
    for (int i = 0; i < count; i++) {
      switch (random.nextInt(6)) {
        case 0 -> text.append("HTTP/1.1 404 No\r\ncontent-length: 5\r\n\r\nhello");
        case 1 -> text.append("HTTP/1.1 204 No\r\n\r\n");
        default -> text.append(HEAD).append(chunks(random));
      }
    }
    return text.toString();
  }

  private static String chunks(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    int count = random.nextInt(12);
    for (int i = 0; i < count; i++) {
      int length = random.nextInt(20) == 0 ? 5_000 : 1 + random.nextInt(40);
      String hex = Integer.toHexString(length);
      text.append(random.nextInt(4) == 0 ? "00" : "")
          .append(random.nextBoolean() ? hex : hex.toUpperCase(java.util.Locale.ROOT))
          .append(random.nextInt(10) == 0 ? ";extension=\"1\"" : "")
          .append("\r\n");
      for (int j = 0; j < length; j++) {
        text.append("\r\n0aZ".charAt(random.nextInt(5)));
      }
      text.append("\r\n");
    }
    return text.append(random.nextBoolean() ? "0" : "000")
        .append("\r\n")
        .append(random.nextInt(3) == 0 ? "x-usage: 1\r\n" : "")
        .append("\r\n")
        .toString();
  }

  private static String[] cut(String text, SplittableRandom random) {
    List<String> reads = new ArrayList<>();
    @Var int from = 0;
    while (from < text.length()) {
      int longest = random.nextBoolean() ? 8 : 4_000;
      int to = Math.min(text.length(), from + 1 + random.nextInt(longest));
      reads.add(text.substring(from, to));
      from = to;
    }
    return reads.toArray(String[]::new);
  }

  // ---- what a decoder makes of them

  private static List<String> told(ChannelHandler decoder, String... reads) {
    EmbeddedChannel channel = new EmbeddedChannel(decoder);
    for (String read : reads) {
      channel.writeInbound(Unpooled.copiedBuffer(read, ISO_8859_1));
    }
    List<String> told = new ArrayList<>();
    for (HttpObject part = channel.readInbound(); part != null; part = channel.readInbound()) {
      tell(part, told);
    }
    channel.finishAndReleaseAll();
    return told;
  }

  private static void tell(HttpObject part, List<String> told) {
    if (part.decoderResult().isFailure()) {
      told.add("broken");
    } else if (part instanceof HttpResponse response) {
      told.add("head " + response.status().code());
    }
    if (part instanceof HttpContent content) {
      if (content.content().isReadable()) {
        told.add("piece " + content.content().toString(ISO_8859_1));
      }
      content.release();
    }
    if (part instanceof LastHttpContent last && part.decoderResult().isSuccess()) {
      told.add("end " + last.trailingHeaders().entries().toString().replaceAll("[\\[\\]]", ""));
    }
  }

  /** The same with pieces in a row as one, up to the first failure. */
  private static List<String> joined(List<String> told) {
    List<String> joined = new ArrayList<>();
    for (String one : told) {
      boolean goesOn =
          one.startsWith("piece ") && !joined.isEmpty() && joined.getLast().startsWith("piece ");
      joined.add(goesOn ? joined.removeLast() + one.substring("piece ".length()) : one);
      if (one.equals("broken")) {
        break;
      }
    }
    return joined;
  }
}
