package io.warmpath.cli.door;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.testkit.Await;
import io.warmpath.testkit.SeededCases;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Requests that are wrong by construction, against a whole cluster: each gets a 4xx, from the door
 * or from the engine, and nothing of it is left behind. {@code -Dwarmpath.fuzz=10000} tries more.
 */
final class HttpFuzzTest {

  private static final int CASES = Integer.getInteger("warmpath.fuzz", 400);
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private static LocalCluster cluster;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    cluster =
        LocalCluster.start(LocalClusterSettings.of(1, EngineProfile.named("8b-h100").atSpeed(200)));
    cluster.awaitReady(LIMIT);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  void badRequests_areAnsweredBy4xx_andLeaveNothing() throws IOException {
    SeededCases.run(
        CASES,
        random -> {
          String request = badRequest(random);
          String answer = exchange(request, random);
          assertThat(answer).as(shown(request)).matches("(?s)HTTP/1\\.1 4\\d\\d .*");
        });
    assertNothingIsLeft();
  }

  @Test
  void requestsThatBreakOff_leaveNothing() throws IOException {
    SeededCases.run(
        CASES / 4,
        random -> {
          String whole =
              request("/v1/completions", "", "{\"model\":\"simulated\",\"prompt\":\"a\"}");
          breakOff(whole.substring(0, random.nextInt(whole.length())));
        });
    assertNothingIsLeft();
  }

  private static void assertNothingIsLeft() throws IOException {
    Await.until("the router holds nothing", LIMIT, () -> cluster.router().inFlight() == 0);
    Await.until(
        "the engine has nothing",
        LIMIT,
        () -> cluster.engines().getFirst().snapshot().unfinishedRequests() == 0);
    String good =
        exchange(
            request(
                "/v1/completions",
                "connection: close\r\n",
                "{\"model\":\"simulated\",\"prompt\":\"a\",\"max_tokens\":2}"),
            new SplittableRandom(1));
    assertThat(good).startsWith("HTTP/1.1 200 ");
  }

  // ---- cases

  private static String badRequest(SplittableRandom random) {
    return switch (random.nextInt(9)) {
      case 0 -> smuggling(random);
      case 1 -> badUtf8(random);
      case 2 -> hugeHead(random);
      case 3 -> request("/v1/completions", "", deepJson(random));
      case 4 -> brokenJson(random);
      case 5 -> badHead(random);
      case 6 -> wrongTypes(random);
      case 7 -> notForHttp2(random);
      default -> badPath(random);
    };
  }

  private static String smuggling(SplittableRandom random) {
    String inner = "GET /v1/models HTTP/1.1\r\n\r\n";
    return pick(
        random,
        "POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n" + inner,
        "POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: -" + random.nextInt(99) + "\r\n\r\n",
        "POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 5, 6\r\n\r\n" + inner,
        "POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: +5\r\n\r\n" + inner,
        "POST /v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n" + inner,
        chunked("5\r\n{\"a\":\r\n0\r\n\r\n"));
  }

  /** Both ways to say how long a body is. */
  private static String chunked(String body) {
    return "POST /v1/x HTTP/1.1\r\nhost: x\r\n"
        + "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n"
        + body;
  }

  private static String badUtf8(SplittableRandom random) {
    String bytes =
        pick(random, "\u00ff", "\u00c3(", "\u00e2\u0082", "\u00f0(\u008c\u00bc", "\u0080");
    return request(
        "/v1/completions", "", "{\"model\":\"simulated\",\"prompt\":\"a" + bytes + "\"}");
  }

  private static String hugeHead(SplittableRandom random) {
    String filler = "x".repeat(random.nextInt(70_000, 200_000));
    return pick(
        random,
        "GET /" + filler + " HTTP/1.1\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nx: " + filler + "\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\n" + "a: b\r\n".repeat(20_000) + "\r\n",
        "POST /v1/x HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
        "POST /v1/x HTTP/1.1\r\ncontent-length: 999999999\r\n\r\n");
  }

  private static String deepJson(SplittableRandom random) {
    int depth = random.nextInt(1_500, 20_000);
    String open = pick(random, "[", "{\"a\":");
    return "{\"model\":\"simulated\",\"messages\":" + open.repeat(depth);
  }

  private static String brokenJson(SplittableRandom random) {
    String good = "{\"model\":\"simulated\",\"prompt\":\"a\",\"max_tokens\":2}";
    return request("/v1/completions", "", good.substring(0, random.nextInt(1, good.length())));
  }

  private static String badHead(SplittableRandom random) {
    return pick(
        random,
        "NONSENSE\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nbad header: x\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\n: x\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nx: a\u0000b\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n");
  }

  /** What HTTP/2, which agents are spoken to in, has no form for or no room. */
  private static String notForHttp2(SplittableRandom random) {
    return pick(
        random,
        "CONNECT /v1/models HTTP/1.1\r\nhost: x\r\n\r\n",
        "CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
        "TRACE /v1/models HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /v1/x HTTP/1.1\r\nhost: a@\r\n\r\n",
        "GET /v1/x HTTP/1.1\r\n" + "a:\r\n".repeat(random.nextInt(513, 16_000)) + "\r\n",
        "GET /v1/x HTTP/1.1\r\ncookie: a"
            + "; a".repeat(random.nextInt(16_000, 21_000))
            + "\r\n\r\n");
  }

  private static String wrongTypes(SplittableRandom random) {
    String field = pick(random, "max_tokens", "temperature", "n", "top_p");
    String value = pick(random, "{\"a\":1}", "[[1]]", "\"many\"", "1e400");
    return request(
        "/v1/completions",
        "",
        "{\"model\":\"simulated\",\"prompt\":\"a\",\"" + field + "\":" + value + "}");
  }

  private static String badPath(SplittableRandom random) {
    String path =
        pick(
            random,
            "/v1/../metrics",
            "/v1//completions",
            "/metrics",
            "/sleep",
            "/v1/load_lora_adapter",
            "/v1/load%5Flora_adapter",
            "/v1/load_lora_adapter#x",
            "/v1/x%" + random.nextInt(10),
            "/v1/%2e%2e/metrics",
            "/v1/completions/",
            "*",
            "/\u0001");
    return request(path, "", "{}");
  }

  private static String request(String path, String headers, String body) {
    String head =
        "POST %s HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n".formatted(path);
    return head + headers + "content-length: %d\r\n\r\n%s".formatted(body.length(), body);
  }

  private static String pick(SplittableRandom random, String... choices) {
    return choices[random.nextInt(choices.length)];
  }

  // ---- sockets

  /** Sends a request in one to three pieces, and reads the beginning of the answer. */
  private static String exchange(String request, SplittableRandom random) {
    byte[] bytes = request.getBytes(ISO_8859_1);
    try (Socket socket = connect()) {
      try {
        for (@Var int from = 0; from < bytes.length; ) {
          int to = Math.min(bytes.length, from + 1 + random.nextInt(bytes.length));
          socket.getOutputStream().write(bytes, from, to - from);
          from = to;
        }
      } catch (SocketException closed) {
        // It was refused before it was whole; the answer is there.
      }
      InputStream in = socket.getInputStream();
      return new String(in.readNBytes(12), ISO_8859_1) + " ";
    } catch (IOException broken) {
      throw new UncheckedIOException(shown(request), broken);
    }
  }

  private static void breakOff(String part) {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(part.getBytes(ISO_8859_1));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), cluster.router().httpPort());
    socket.setSoTimeout((int) LIMIT.toMillis());
    return socket;
  }

  private static String shown(String request) {
    return List.of(request.split("\r\n")).toString().replaceAll("(.{300}).*", "$1…");
  }
}
