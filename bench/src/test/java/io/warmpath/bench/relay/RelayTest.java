package io.warmpath.bench.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.router.Router;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Keeps the relay benchmark working; measures nothing. */
final class RelayTest {

  @Test
  void everyScenario_directAndRouted_deliversEveryChunk() throws IOException, InterruptedException {
    try (EchoServer echo = EchoServer.start();
        Router router = RelayChild.startRouter(echo.port());
        OpenLoop direct = new OpenLoop(echo.port());
        OpenLoop routed = new OpenLoop(router.grpcPort())) {
      for (Scenario scenario : Scenario.ALL) {
        check(scenario, direct);
        check(scenario, routed);
      }
    }
  }

  private static void check(Scenario scenario, OpenLoop client) throws InterruptedException {
    int requests = 5;
    Timings timings = client.run(scenario, requests);
    assertThat(timings.firstFailure()).as(scenario.name()).isNull();
    assertThat(timings.first().getTotalCount()).isEqualTo(requests);
    assertThat(timings.last().getTotalCount()).isEqualTo(requests);
    assertThat(timings.chunk().getTotalCount()).isEqualTo((long) requests * scenario.chunks());
  }
}
