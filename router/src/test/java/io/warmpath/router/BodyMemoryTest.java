package io.warmpath.router;

import static io.warmpath.router.HttpDoorTest.admin;
import static io.warmpath.router.HttpDoorTest.post;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.testkit.Await;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

/** The limit of all bodies, through the door. */
final class BodyMemoryTest {

  @Test
  void bodies_beyondTheMemoryForThem_areRefused_untilOthersHaveGone() throws Exception {
    int half = 700_000;
    String whole = "{\"model\":\"m\",\"prompt\":\"" + "x".repeat(half) + "\"}";
    try (FakeRelay a = FakeRelay.start("a", FakeRelay.answers(200, "application/json", "{}"));
        RouterHarness harness =
            new RouterHarness(
                RouterHarness.config(a.report())
                    .withHttp(new RouterConfig.Listen("127.0.0.1", 0))
                    .withLimits(new RouterConfig.Limits(100, 1 << 20, 1 << 20, 4, 2, 1, 4)))) {
      try (Socket slow = new Socket(InetAddress.getLoopbackAddress(), harness.router.httpPort())) {
        slow.getOutputStream().write(post(whole).substring(0, half).getBytes(UTF_8));
        Await.until("the slow body is held", RouterHarness.LIMIT, () -> heldBytes(harness) >= half);

        HttpResponse<String> refused = post(harness, "/v1/completions", whole);
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("retry-after")).hasValue("1");
        assertThat(refused.body()).contains("\"type\":\"rate_limit_error\"");
        assertThat(admin(harness))
            .contains("warmpath_http_rejected_total{reason=\"bodies_full\"} 1.0");
        assertThat(post(harness, "/v1/completions", "{\"model\":\"m\"}").statusCode())
            .isEqualTo(200);
      }
      Await.until("nothing is held", RouterHarness.LIMIT, () -> heldBytes(harness) == 0);
      assertThat(post(harness, "/v1/completions", whole).statusCode()).isEqualTo(200);
      assertThat(heldBytes(harness)).isZero();
    }
  }

  private static double heldBytes(RouterHarness harness) {
    return admin(harness)
        .lines()
        .filter(line -> line.startsWith("warmpath_router_body_bytes "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
        .sum();
  }
}
