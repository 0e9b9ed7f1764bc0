package io.warmpath.router;

import static io.warmpath.router.HttpDoorTest.harness;
import static io.warmpath.router.HttpDoorTest.post;
import static io.warmpath.router.HttpDoorTest.raw;
import static io.warmpath.router.HttpDoorTest.readUntil;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.DefaultHttp2SettingsFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.warmpath.routing.Lease.Outcome;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import org.junit.jupiter.api.Test;

/** What of a request reaches an engine, and how what breaks off ends, over raw sockets. */
final class HttpExchangeTest {

  private static final String LINE = "POST /v1/completions HTTP/1.1\r\nconnection: close\r\n";

  private static final String HTTP_10 =
      "POST /v1/completions HTTP/1.0\r\nconnection: keep-alive\r\n";

  @Test
  void host_ofTheClient_isNotPassedOn() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a)) {
      assertThat(raw(harness, LINE + "host: a@\r\ncontent-length: 2\r\n\r\n{}")).endsWith("one");
      assertThat(a.nextRequest().headers()).doesNotContainKey("host");
      assertThat(harness.outcomes()).containsExactly(Outcome.Completed.class);
    }
  }

  @Test
  void request_thatCannotBeSent_isTheClientsFault() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", HttpExchangeTest::takesShortHeadsOnly);
        FakeRelay b = FakeRelay.start("b", FakeRelay.answers(200, "text/plain", "two"));
        RouterHarness harness = harness(a, b);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(post("{}").getBytes(UTF_8));
      readUntil(socket.getInputStream(), "\r\n\r\none");
      String tooLong = LINE + "x: " + "x".repeat(4_000) + "\r\ncontent-length: 2\r\n\r\n{}";
      socket.getOutputStream().write(tooLong.getBytes(UTF_8));
      assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
          .startsWith("HTTP/1.1 400 ")
          .contains("\"type\":\"invalid_request_error\"");
      assertThat(harness.outcomes())
          .containsExactly(Outcome.Completed.class, Outcome.Cancelled.class);
    }
  }

  private static void takesShortHeadsOnly(FakeRelay.Request request, OutputStream out)
      throws IOException {
    Http2Settings settings = new Http2Settings().maxHeaderListSize(2_000);
    Channel connection = request.stream().parent();
    connection.writeAndFlush(new DefaultHttp2SettingsFrame(settings)).syncUninterruptibly();
    FakeRelay.answers(200, "text/plain", "one").answer(request, out);
  }

  @Test
  void answer_thatIsEmptyAndWithoutALength_hasAnEnd() throws Exception {
    FakeRelay.Script empty =
        (request, out) -> {
          DefaultFullHttpResponse whole =
              new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
          whole.headers().set("x-warmpath-answer", FakeRelay.placement(0.25));
          request.stream().writeAndFlush(whole).syncUninterruptibly();
        };
    try (FakeRelay a = FakeRelay.start("a", empty);
        RouterHarness harness = harness(a);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort())) {
      socket.setSoTimeout(10_000);
      for (int i = 0; i < 2; i++) {
        socket.getOutputStream().write(post("{}").getBytes(UTF_8));
        readUntil(socket.getInputStream(), "\r\n\r\n0\r\n\r\n");
      }
    }
  }

  @Test
  void eventStreamOfADeclaredLength_thatBreaks_isCut_andGetsNoEvent() throws Exception {
    FakeRelay.Script breaks =
        (request, out) -> {
          String head = FakeRelay.streamHead();
          String declared = "x-warmpath-length: 100\r\n";
          FakeRelay.write(out, head.substring(0, head.length() - 2) + declared + "\r\n");
          FakeRelay.write(out, FakeRelay.chunk("data: x\n\n"));
          request.cut();
        };
    try (FakeRelay a = FakeRelay.start("a", breaks);
        RouterHarness harness = harness(a)) {
      assertThat(raw(harness, post("{}")))
          .contains("content-length: 100\r\n")
          .doesNotContain("error");
      assertThat(harness.outcomes()).containsExactly(Outcome.Failed.class);
    }
  }

  @Test
  void headers_thatConnectionNames_areNotPassedOn() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a)) {
      String headers =
          "connection: X-Foo , , content-length,x-warmpath-envelope\r\n"
              + "x-foo: 1\r\nX-FOO: 2\r\nx-foo-bar: 3\r\ncontent-length: 2\r\n\r\n{}";
      assertThat(raw(harness, LINE + headers)).endsWith("one");
      FakeRelay.Request request = a.nextRequest();
      assertThat(request.headers())
          .doesNotContainKeys("x-foo", "connection")
          .containsEntry("x-foo-bar", "3");
      assertThat(request.body()).isEqualTo("{}");
    }
  }

  @Test
  void stream_toHttp10_endsWithItsConnection() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.streams("data: x\n\n"));
        RouterHarness harness = harness(a)) {
      assertThat(raw(harness, HTTP_10 + "content-length: 2\r\n\r\n{}"))
          .startsWith("HTTP/1.1 200 ")
          .contains("connection: close\r\n")
          .doesNotContain("keep-alive", "transfer-encoding")
          .endsWith("\r\n\r\ndata: x\n\n");
    }
  }

  @Test
  void answer_toHttp10_ofKnownLength_leavesTheConnectionOpen() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort())) {
      socket.setSoTimeout(10_000);
      for (int i = 0; i < 2; i++) {
        socket.getOutputStream().write((HTTP_10 + "content-length: 2\r\n\r\n{}").getBytes(UTF_8));
        readUntil(socket.getInputStream(), "\r\n\r\none");
      }
    }
  }

  @Test
  void failure_withinAnEvent_isAnEventOfItsOwn() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", breaksOffAfter("data: x\n\nda", "ta: {\"cut"));
        RouterHarness harness = harness(a)) {
      assertThat(post(harness, "/v1/completions", "{}").body())
          .startsWith("data: x\n\ndata: {\"cut\n\ndata: {\"error\":{\"message\":\"replica a failed")
          .endsWith("}}\n\ndata: [DONE]\n\n");
      assertThat(harness.outcomes()).containsExactly(Outcome.Failed.class);
    }
  }

  @Test
  void failure_midStreamOfMessages_isAnthropicsErrorEvent() throws Exception {
    String begun = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    try (FakeRelay a = FakeRelay.start("a", breaksOffAfter(begun));
        RouterHarness harness = harness(a)) {
      assertThat(post(harness, "/v1/messages", "{}").body())
          .isEqualTo(
              begun
                  + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
                  + "\"message\":\"replica a failed after the stream had begun\"}}\n\n");
    }
  }

  private static FakeRelay.Script breaksOffAfter(String... pieces) {
    return (request, out) -> {
      FakeRelay.write(out, FakeRelay.streamHead());
      for (String piece : pieces) {
        FakeRelay.write(out, FakeRelay.chunk(piece));
      }
      request.cut();
    };
  }
}
