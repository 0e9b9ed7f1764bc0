package io.warmpath.router;

import static io.warmpath.router.HttpDoorTest.harness;
import static io.warmpath.router.HttpDoorTest.raw;
import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.routing.Lease.Outcome;
import org.junit.jupiter.api.Test;

/** What of a request reaches an engine, and how what breaks off ends, over raw sockets. */
final class HttpExchangeTest {

  private static final String LINE = "POST /v1/completions HTTP/1.1\r\nconnection: close\r\n";

  @Test
  void host_ofTheClient_isNotPassedOn() throws Exception {
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness = harness(a)) {
      assertThat(raw(harness, LINE + "host: a@\r\ncontent-length: 2\r\n\r\n{}")).endsWith("one");
      assertThat(a.nextRequest().headers()).doesNotContainKey("host");
      assertThat(harness.outcomes()).containsExactly(Outcome.Completed.class);
    }
  }
}
