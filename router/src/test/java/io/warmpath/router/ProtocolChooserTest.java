package io.warmpath.router;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.warmpath.relay.Transport;
import io.warmpath.router.AgentHttpTest.Heard;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Many requests on one HTTP/2 connection to the door, made by the router's own client. */
final class ProtocolChooserTest {

  private static final RouterConfig.Upstream CONFIG =
      new RouterConfig.Upstream(10, 10, 1, 16, null);

  private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, Transport.best().io());
  private final EventLoop loop = group.next();
  private final AgentHttp http = new AgentHttp(loop, Transport.best(), CONFIG, null);

  @AfterEach
  void stop() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void streams_thatAreGivenUp_leaveTheOthersOfTheirConnection() throws Exception {
    CountDownLatch allLeft = new CountDownLatch(1);
    FakeRelay.Script script =
        (request, out) -> {
          FakeRelay.write(out, FakeRelay.streamHead() + FakeRelay.chunk("data: x\n\n"));
          if (request.body().equals("stays")) {
            FakeRelay.await(allLeft);
            FakeRelay.write(out, FakeRelay.streamTail());
          }
        };
    try (FakeRelay relay = FakeRelay.start("a", script);
        RouterHarness harness = HttpDoorTest.harness(relay)) {
      Heard stays = new Heard();
      begin(harness, "stays", stays);
      for (int i = 0; i < 300; i++) {
        AgentHttp.Exchange leaving = begin(harness, "leaves", new Heard());
        loop.submit(leaving::cancel).get();
      }
      allLeft.countDown();
      assertThat(stays.next()).isEqualTo("ended");

      relay.script(FakeRelay.answers(200, "text/plain", "one"));
      begin(harness, "after them", new Heard());
      assertThat(harness.admin("/metrics")).contains("warmpath_http_connections 1");
    }
  }

  /** Sends a request and returns when its answer has begun. */
  private AgentHttp.Exchange begin(RouterHarness harness, String body, Heard heard)
      throws Exception {
    String door = "127.0.0.1:" + harness.router.httpPort();
    AgentHttp.Exchange begun = loop.submit(() -> http.send(door, request(body), heard)).get();
    assertThat(heard.next()).isEqualTo("head 200");
    assertThat(heard.next()).startsWith("body ");
    return begun;
  }

  private static FullHttpRequest request(String body) {
    return new DefaultFullHttpRequest(
        HttpVersion.HTTP_1_1,
        HttpMethod.POST,
        "/v1/completions",
        Unpooled.copiedBuffer(body, UTF_8));
  }
}
