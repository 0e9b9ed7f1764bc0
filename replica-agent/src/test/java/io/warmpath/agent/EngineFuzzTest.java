package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.errorprone.annotations.Var;
import io.grpc.Status;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.warmpath.agent.AgentFixture.Call;
import io.warmpath.agent.engine.Damage;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.State;
import io.warmpath.testkit.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * An engine that sends garbage to a whole agent: every request ends, every garbage is counted, and
 * no buffer is lost. Ten thousand of each kind go to the readers alone, in tests beside them;
 * {@code -Dwarmpath.fuzz=10000} sends as many through here.
 */
final class EngineFuzzTest {

  private static final int CASES = Integer.getInteger("warmpath.fuzz", 1_000);
  private static final int AT_ONCE = 32;
  private static final long SEED = 20261122;

  private final ListAppender<ILoggingEvent> leaks = new ListAppender<>();
  private final Logger leakLog =
      (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class.getName());
  private final ResourceLeakDetector.Level levelBefore = ResourceLeakDetector.getLevel();

  @TempDir Path dir;
  private FakeEngine engine;
  private AgentFixture fixture;

  @BeforeEach
  void start() throws Exception {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    leaks.list = new CopyOnWriteArrayList<>();
    leaks.start();
    leakLog.addAppender(leaks);
    engine = FakeEngine.start();
    fixture =
        new AgentFixture(
            dir,
            AgentConfig.Queue.DEFAULT,
            List.of(new AgentConfig.Engine(engine.url(), "replica-0", 1)),
            Duration.ofMillis(1));
    fixture.awaitState("replica-0", State.READY);
  }

  @AfterEach
  void stop() {
    fixture.close();
    engine.close();
    leakLog.detachAppender(leaks);
    ResourceLeakDetector.setLevel(levelBefore);
  }

  @Test
  void streams_damaged_endAndLeaveNothing() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    engine.on("/v1/completions", (request, reply) -> answer(reply, next(random)));
    Queue<Call> running = new ArrayDeque<>();
    @Var int malformed = 0;
    for (int i = 0; i < CASES + AT_ONCE; i++) {
      if (i < CASES) {
        running.add(fixture.start(AgentFixture.request()));
      }
      if (i >= AT_ONCE) {
        Status end = running.remove().end();
        String sentence = end.getDescription();
        malformed += sentence != null && sentence.contains("stream is malformed") ? 1 : 0;
      }
    }
    assertThat(malformed).isBetween(CASES / 20, CASES - 1);
    String page = fixture.admin("/metrics");
    assertThat(sum(page, "warmpath_agent_malformed_streams_total")).isEqualTo(malformed);
    assertThat(sum(page, "warmpath_agent_requests_total")).isEqualTo(CASES);
    fixture.awaitReport("replica-0", EngineFuzzTest::isIdle);
    assertNoLeak();
  }

  private static SplittableRandom next(SplittableRandom random) {
    synchronized (random) {
      return random.split();
    }
  }

  /** In pieces, and at times cut off. */
  private static void answer(FakeEngine.Reply reply, SplittableRandom random) throws IOException {
    reply.beginStream();
    byte[] bytes = Damage.bytes(Damage.STREAM, random);
    int half = random.nextInt(1, Math.max(2, bytes.length));
    reply.piece(Arrays.copyOf(bytes, Math.min(half, bytes.length)));
    if (half < bytes.length) {
      reply.piece(Arrays.copyOfRange(bytes, half, bytes.length));
    }
    if (random.nextInt(10) == 0) {
      reply.close();
    } else {
      reply.endStream();
    }
  }

  private static boolean isIdle(ReplicaReport report) {
    return report.load().runningRequests() == 0
        && report.load().waitingRequests() == 0
        && report.load().pendingPrefillTokens() == 0;
  }

  @Test
  void metricsPages_damaged_areCountedAndTheEngineIsReadyAfterThem() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    AtomicInteger pages = new AtomicInteger();
    engine.on(
        "/metrics",
        (request, reply) -> {
          boolean damaged = pages.incrementAndGet() <= CASES;
          reply.page(
              200,
              "text/plain",
              damaged
                  ? Damage.bytes(Damage.PAGE, next(random))
                  : FakeEngine.METRICS.getBytes(StandardCharsets.UTF_8));
        });
    Await.until("all pages", Duration.ofMinutes(2), () -> pages.get() > CASES + 1);
    fixture.awaitState("replica-0", State.READY);
    assertThat(fixture.start(AgentFixture.request()).end()).isEqualTo(Status.OK);
    String page = fixture.admin("/metrics");
    assertThat(sum(page, "warmpath_agent_scrapes_total{replica=\"replica-0\",result=\"malformed\""))
        .isBetween(CASES / 20.0, CASES - 1.0);
    assertNoLeak();
  }

  /** The last line of defence says nothing of any buffer, and would say something of a lost one. */
  private void assertNoLeak() {
    PooledByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
    loseOne(allocator);
    Await.until(
        "the lost buffer is reported",
        AgentFixture.LIMIT,
        () -> {
          System.gc();
          allocator.buffer(16).release();
          return !leaks.list.isEmpty();
        });
    assertThat(leaks.list)
        .allSatisfy(leak -> assertThat(leak.getFormattedMessage()).contains("lost on purpose"));
  }

  private static void loseOne(PooledByteBufAllocator allocator) {
    ByteBuf lost = allocator.directBuffer(16);
    lost.touch("lost on purpose");
  }

  private static double sum(String page, String prefix) {
    return page.lines()
        .filter(line -> line.startsWith(prefix))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }
}
