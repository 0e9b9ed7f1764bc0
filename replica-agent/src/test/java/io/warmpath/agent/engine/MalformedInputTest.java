package io.warmpath.agent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.netty.buffer.Unpooled;
import io.warmpath.agent.http.MalformedStreamException;
import io.warmpath.agent.http.SseParser;
import io.warmpath.testkit.SeededCases;
import io.warmpath.v1.Delta;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever an engine sends, the readers return or refuse it in the one way that they declare. */
final class MalformedInputTest {

  private static final int CASES = 10_000;

  private static final String MODELS =
      "{\"data\":[{\"id\":\"m\",\"max_model_len\":4096},{\"id\":\"a\",\"parent\":\"m\"}]}";

  @Test
  void metricsPages_damaged_areReadOrRefused() {
    int[] refused = new int[1];
    SeededCases.run(
        CASES,
        random -> {
          try {
            EngineMetrics metrics = MetricsPage.parse(Damage.bytes(Damage.PAGE, random));
            assertThat(metrics.runningRequests()).isNotNegative();
            assertThat(metrics.waitingRequests()).isNotNegative();
            assertThat(metrics.kvUsageRatio()).isBetween(0.0, 1.0);
            assertThat(metrics.kvCapacityTokens()).isNotNegative();
            assertThat(metrics.kvUsedTokens()).isNotNegative();
          } catch (MalformedMetricsException malformed) {
            refused[0]++;
          }
        });
    assertThat(refused[0]).isBetween(CASES / 20, CASES - 1);
  }

  @Test
  void modelLists_damaged_areReadOrRefused() {
    int[] refused = new int[1];
    SeededCases.run(
        CASES,
        random -> {
          try {
            assertThat(ModelList.parse(Damage.bytes(MODELS, random)).size())
                .isLessThanOrEqualTo(64);
          } catch (MalformedMetricsException malformed) {
            refused[0]++;
          }
        });
    assertThat(refused[0]).isBetween(CASES / 20, CASES - 1);
  }

  @Test
  void streams_damagedAndInPieces_areReadOrRefused() {
    int[] refused = new int[1];
    SeededCases.run(
        CASES,
        random -> {
          try {
            feed(Damage.bytes(Damage.STREAM, random), random);
          } catch (MalformedStreamException malformed) {
            refused[0]++;
          }
        });
    assertThat(refused[0]).isBetween(CASES / 20, CASES - 1);
  }

  @Test
  void errorBodies_damaged_haveAlwaysOneLineToSay() {
    SeededCases.run(
        CASES,
        random -> {
          byte[] body =
              Damage.bytes("{\"error\":{\"message\":\"too long\\nby far\",\"code\":400}}", random);
          assertThat(EngineError.parse(400, body, 0).message()).isNotBlank().doesNotContain("\n");
        });
  }

  private static void feed(byte[] stream, SplittableRandom random) throws MalformedStreamException {
    CompletionStream completion = new CompletionStream(new Sink());
    SseParser parser = new SseParser(1 << 16, completion::event);
    @Var int at = 0;
    while (at < stream.length) {
      int length = Math.min(stream.length - at, random.nextInt(1, 200));
      parser.feed(Unpooled.wrappedBuffer(stream, at, length));
      at += length;
    }
  }

  private static final class Sink implements CompletionListener {
    @Override
    public void onDelta(Delta delta) {
      assertThat(delta.getIndex()).isBetween(0, 127);
    }

    @Override
    public void onUsage(EngineUsage usage) {
      assertThat(usage.promptTokens()).isNotNegative();
      assertThat(usage.completionTokens()).isNotNegative();
    }

    @Override
    public void onError(EngineError error) {
      assertThat(error.message()).doesNotContain("\n");
    }

    @Override
    public void onDone() {}
  }
}
