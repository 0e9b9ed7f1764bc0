package io.warmpath.router;

import static io.warmpath.router.HttpDoorTest.harness;
import static io.warmpath.router.HttpDoorTest.raw;
import static io.warmpath.router.HttpDoorTest.rejected;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the door makes of a request's head, over raw sockets. */
final class HttpConnectionTest {

  @ParameterizedTest
  @ValueSource(strings = {"CONNECT /v1/models", "CONNECT x:1", "TRACE /v1/models"})
  void method_thatIsNotForEngines_isMalformed(String line) throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a)) {
      assertThat(raw(harness, line + " HTTP/1.1\r\nhost: x\r\n\r\n"))
          .startsWith("HTTP/1.1 400 ")
          .contains("connection: close", "\"type\":\"invalid_request_error\"");
      assertThat(rejected(harness, "malformed")).isEqualTo(1);
      assertThat(harness.outcomes()).isEmpty();
    }
  }

  @Test
  void headers_ofWhichThereAreTooMany_areTooLarge() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a)) {
      String line = "GET /v1/x HTTP/1.1\r\nconnection: close\r\n";
      assertThat(raw(harness, line + "a:\r\n".repeat(511) + "\r\n")).endsWith("one");
      assertThat(raw(harness, line + "a:\r\n".repeat(512) + "\r\n"))
          .startsWith("HTTP/1.1 431 ")
          .contains("\"type\":\"invalid_request_error\"");
      assertThat(raw(harness, line + "cookie: a" + "; a".repeat(510) + "\r\n\r\n")).endsWith("one");
      assertThat(raw(harness, line + "cookie: a" + "; a".repeat(16_000) + "\r\n\r\n"))
          .startsWith("HTTP/1.1 431 ");
      assertThat(rejected(harness, "head_too_large")).isEqualTo(2);
      assertThat(harness.outcomes()).hasSize(2);
    }
  }
}
