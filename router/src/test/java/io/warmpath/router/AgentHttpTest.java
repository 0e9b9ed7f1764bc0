package io.warmpath.router;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.warmpath.relay.Transport;
import io.warmpath.v1.ReplicaGenerateRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Exchanges that share a connection to an agent, over real sockets. */
final class AgentHttpTest {

  private static final RouterConfig.Upstream PROBES_EARLY =
      new RouterConfig.Upstream(1, 10, 1, 16, null);

  private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, Transport.best().io());
  private final EventLoop loop = group.next();
  private final AgentHttp http = new AgentHttp(loop, Transport.best(), PROBES_EARLY, null);

  @AfterEach
  void stop() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void connectionThatBreaks_failsWhatHadBegun_andTheRestIsSentOnceMore() throws Exception {
    int each = 20;
    try (FakeRelay relay = FakeRelay.start("a", AgentHttpTest::beginsOrWaits)) {
      answerOne(relay);
      List<Heard> begun = send(relay, "begins", each);
      List<Heard> waiting = send(relay, "waits", each);
      for (Heard one : begun) {
        assertThat(one.next()).isEqualTo("head 200");
        assertThat(one.next()).isEqualTo("body data: x\n\n");
      }
      FakeRelay.Request last = nextRequests(relay, 2 * each);

      breakConnection(last);
      for (Heard one : begun) {
        assertThat(one.next()).isEqualTo("failed");
      }
      FakeRelay.Request again = nextRequests(relay, each);
      assertThat(again.body()).isEqualTo("waits");
      assertThat(relay.connections()).isEqualTo(2);

      breakConnection(again);
      for (Heard one : waiting) {
        assertThat(one.next()).isEqualTo("failed");
      }
      answerOne(relay);
      assertThat(relay.connections()).isEqualTo(3);
      assertThat(relay.requestsWaiting()).isZero();
    }
  }

  @Test
  void streamThatIsReset_isNotSentAgain_andTheOthersGoOn() throws Exception {
    CountDownLatch reset = new CountDownLatch(1);
    FakeRelay.Script script =
        (request, out) -> {
          if (request.body().equals("goes on")) {
            FakeRelay.write(out, FakeRelay.streamHead());
            FakeRelay.await(reset);
            FakeRelay.write(out, FakeRelay.chunk("data: x\n\n") + FakeRelay.streamTail());
          } else {
            beginsOrWaits(request, out);
          }
        };
    try (FakeRelay relay = FakeRelay.start("a", script)) {
      answerOne(relay);
      Heard other = send(relay, "goes on");
      assertThat(other.next()).isEqualTo("head 200");
      relay.nextRequest();

      Heard one = send(relay, "waits");
      relay.nextRequest().cut();
      assertThat(one.next()).isEqualTo("failed");
      reset.countDown();
      assertThat(other.next()).isEqualTo("body data: x\n\n");
      assertThat(other.next()).isEqualTo("ended");
      assertThat(relay.requestsWaiting()).isZero();
      assertThat(relay.connections()).isEqualTo(1);
    }
  }

  @Test
  void exchangeThatIsReadSlowly_holdsUpNoOther() throws Exception {
    int chunks = 1_000;
    BlockingQueue<Integer> sent = new LinkedBlockingQueue<>();
    FakeRelay.Script script =
        (request, out) -> {
          if (!request.body().equals("slow")) {
            beginsOrWaits(request, out);
            return;
          }
          FakeRelay.write(out, FakeRelay.streamHead());
          for (int i = 1; i <= chunks; i++) {
            FakeRelay.write(out, FakeRelay.chunk("x".repeat(10_000)));
            sent.add(i);
          }
          FakeRelay.write(out, FakeRelay.streamTail());
        };
    try (FakeRelay relay = FakeRelay.start("a", script)) {
      Heard slow = new Heard();
      AgentHttp.Exchange exchange =
          loop.submit(
                  () -> {
                    AgentHttp.Exchange begun = http.send(relay.address(), request("slow"), slow);
                    begun.reading(false);
                    return begun;
                  })
              .get();
      assertThat(RestingPoint.of(sent)).isLessThan(chunks);
      for (int i = 0; i < 100; i++) {
        answerOne(relay);
      }
      assertThat(relay.connections()).isEqualTo(1);

      loop.execute(() -> exchange.reading(true));
      assertThat(slow.next()).isEqualTo("head 200");
      @Var long received = 0;
      @Var String event = slow.next();
      for (; event.startsWith("body "); event = slow.next()) {
        received += event.length() - "body ".length();
      }
      assertThat(event).isEqualTo("ended");
      assertThat(received).isEqualTo(chunks * 10_000L);
    }
  }

  @Test
  void chunksThatArriveTogether_areToldTogether() throws Exception {
    int chunks = 400;
    CountDownLatch written = new CountDownLatch(1);
    FakeRelay.Script script =
        (request, out) -> {
          FakeRelay.write(out, FakeRelay.streamHead() + FakeRelay.chunk("first"));
          for (int i = 0; i < chunks; i++) {
            FakeRelay.write(out, FakeRelay.chunk("x"));
          }
          written.countDown();
          FakeRelay.write(out, FakeRelay.streamTail());
        };
    try (FakeRelay relay = FakeRelay.start("a", script)) {
      Heard heard = new Heard();
      loop.execute(() -> {
        http.send(relay.address(), request("many"), heard);
        heard.whenFirst(() -> FakeRelay.await(written));
      });
      assertThat(heard.next()).isEqualTo("head 200");
      assertThat(heard.next()).isEqualTo("body first");
      for (int i = 0; i < chunks; i++) {
        assertThat(heard.next()).isEqualTo("body x");
      }
      assertThat(heard.next()).isEqualTo("ended");
      assertThat(heard.readCompletes()).isLessThan(chunks / 16);
    }
  }

  @Test
  void agentThatFallsSilent_isGivenUpAfterAnUnansweredPing() throws Exception {
    CountDownLatch asleep = new CountDownLatch(1);
    try (FakeRelay relay = FakeRelay.start("a", AgentHttpTest::beginsOrWaits)) {
      List<Heard> begun = send(relay, "begins", 3);
      for (Heard one : begun) {
        assertThat(one.next()).isEqualTo("head 200");
        assertThat(one.next()).startsWith("body ");
      }
      Heard waiting = send(relay, "waits");
      nextRequests(relay, 4).stream().eventLoop().execute(() -> FakeRelay.await(asleep));
      for (Heard one : begun) {
        assertThat(one.next()).isEqualTo("failed");
      }
      assertThat(waiting.next()).isEqualTo("failed");
      asleep.countDown();
      answerOne(relay);
      assertThat(relay.connections()).isEqualTo(2);
    }
  }

  @Test
  void addressThatNobodyHas_isAFailure() throws Exception {
    Heard heard = new Heard();
    loop.execute(() -> http.send("no-such-host.invalid:1", request("answer"), heard));
    assertThat(heard.next()).isEqualTo("failed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "host", "host:99999", "a b:1", "user@host:1"})
  void addressThatIsNone_isAFailure(String address) throws Exception {
    Heard heard = new Heard();
    loop.execute(() -> http.send(address, request("answer"), heard));
    assertThat(heard.next()).isEqualTo("failed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"host", "crumbs"})
  void requestThatHttp2CannotCarry_isToldApart_andHurtsNoOther(String how) throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", AgentHttpTest::beginsOrWaits)) {
      Heard waiting = send(relay, "begins");
      assertThat(waiting.next()).isEqualTo("head 200");
      FullHttpRequest request = request("answer");
      if (how.equals("crumbs")) {
        request.headers().set("cookie", "a" + "; a".repeat(16_000));
      } else {
        request.headers().set("host", "a@");
      }
      Heard heard = new Heard();
      loop.execute(() -> http.send(relay.address(), request, heard));
      assertThat(heard.next()).isEqualTo("unsendable");
      relay.nextRequest();
      answerOne(relay);
      assertThat(relay.connections()).isEqualTo(1);
    }
  }

  @Test
  void close_cutsEverything_andSendsNothingAgain() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", AgentHttpTest::beginsOrWaits)) {
      answerOne(relay);
      Heard waiting = send(relay, "waits");
      relay.nextRequest();
      loop.execute(http::close);
      assertThat(waiting.next()).isEqualTo("failed");
      loop.submit(() -> {}).get();
      assertThat(relay.connections()).isEqualTo(1);
      assertThat(relay.requestsWaiting()).isZero();
    }
  }

  // ---- the agent's side

  /** Begins an answer and leaves it open, or is silent, or answers. */
  private static void beginsOrWaits(FakeRelay.Request request, OutputStream out)
      throws IOException {
    switch (request.body()) {
      case "begins" ->
          FakeRelay.write(out, FakeRelay.streamHead() + FakeRelay.chunk("data: x\n\n"));
      case "waits" -> {}
      default -> FakeRelay.answers(200, "text/plain", "one").answer(request, out);
    }
  }

  private static void breakConnection(FakeRelay.Request of) {
    of.stream().parent().close().syncUninterruptibly();
  }

  private static FakeRelay.Request nextRequests(FakeRelay relay, int count)
      throws InterruptedException {
    for (int i = 1; i < count; i++) {
      relay.nextRequest();
    }
    return relay.nextRequest();
  }

  // ---- the router's side

  private void answerOne(FakeRelay relay) throws InterruptedException {
    Heard heard = send(relay, "answer");
    assertThat(heard.next()).isEqualTo("head 200");
    assertThat(heard.next()).isEqualTo("body one");
    assertThat(heard.next()).isEqualTo("ended");
    relay.nextRequest();
  }

  private List<Heard> send(FakeRelay relay, String body, int count) {
    List<Heard> heard = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      heard.add(send(relay, body));
    }
    return heard;
  }

  private Heard send(FakeRelay relay, String body) {
    Heard heard = new Heard();
    loop.execute(() -> http.send(relay.address(), request(body), heard));
    return heard;
  }

  private static FullHttpRequest request(String body) {
    byte[] envelope = ReplicaGenerateRequest.newBuilder().setReplicaId("a").build().toByteArray();
    return HttpExchange.toAgent(
        new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/v1/completions"),
        envelope,
        body.getBytes(UTF_8),
        "id");
  }

  /** What one exchange's listener was told, in order. */
  static final class Heard implements AgentHttp.Listener {

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final AtomicInteger readCompletes = new AtomicInteger();
    private Runnable first = () -> {};

    /** Has {@code task} run, once, as the first of the body is told; of the loop's thread. */
    void whenFirst(Runnable task) {
      first = task;
    }

    /** How often it was told that no more is to be read for now. */
    int readCompletes() {
      return readCompletes.get();
    }

    String next() throws InterruptedException {
      String event = events.poll(20, TimeUnit.SECONDS);
      if (event == null) {
        throw new AssertionError("nothing more was heard");
      }
      return event;
    }

    @Override
    public void head(HttpResponse response) {
      events.add("head " + response.status().code());
    }

    @Override
    public void body(HttpContent content) {
      if (content.content().isReadable()) {
        events.add("body " + content.content().toString(UTF_8));
      }
      content.release();
      first.run();
      first = () -> {};
    }

    @Override
    public void readComplete() {
      readCompletes.incrementAndGet();
    }

    @Override
    public void ended() {
      events.add("ended");
    }

    @Override
    public void failed() {
      events.add("failed");
    }

    @Override
    public void unsendable() {
      events.add("unsendable");
    }
  }
}
