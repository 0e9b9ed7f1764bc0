package io.warmpath.simulator.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.routing.PrefillSpeed;
import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceRequest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Times by hand: 1,000 tokens a second and 100 ms overhead, 10 ms a decoded token. */
final class LinearEngineTest {

  private static final long MILLI = 1_000_000;

  private final List<String> told = new ArrayList<>();
  private final LinearEngine engine =
      new LinearEngine(new BlockCache(100), 100, new PrefillSpeed(1000, 0.1), 10 * MILLI);

  private final ReplicaEngine.Listener listener =
      new ReplicaEngine.Listener() {
        @Override
        public void firstToken(InFlight request, int cached, double workSeconds, long nowNanos) {
          told.add("first %d cached %d at %d".formatted(request.request, cached, nowNanos / MILLI));
        }

        @Override
        public void completed(InFlight request, long nowNanos) {
          told.add("end %d at %d".formatted(request.request, nowNanos / MILLI));
        }
      };

  private static Workload workload(TraceRequest... requests) {
    return Workload.of(new Trace("test", 100, 0, List.of(requests)));
  }

  @Test
  void onePrompt_takesOverheadPlusItsTokens() {
    Workload workload = workload(TestTraces.request(0, 350, 5, 1, 2, 3, 4));
    engine.start(new InFlight(0, 0, workload, 0), 0);
    engine.advance(10_000 * MILLI, listener);
    assertThat(told).containsExactly("first 0 cached 0 at 450", "end 0 at 490");
  }

  @Test
  void secondPrompt_waitsForTheFirstAndReusesItsFullBlocks() {
    Workload workload =
        workload(
            TestTraces.request(0, 350, 1, 1, 2, 3, 4), TestTraces.request(0, 350, 1, 1, 2, 3, 4));
    engine.start(new InFlight(0, 0, workload, 0), 0);
    engine.start(new InFlight(1, 0, workload, 0), 0);
    engine.advance(10_000 * MILLI, listener);
    assertThat(told)
        .containsExactly(
            "first 0 cached 0 at 450", "end 0 at 450", "first 1 cached 300 at 600", "end 1 at 600");
  }

  @Test
  void endOfARequest_isTheLastUseOfItsBlocks() {
    LinearEngine small =
        new LinearEngine(new BlockCache(3), 100, new PrefillSpeed(1000, 0.1), 10 * MILLI);
    Workload workload =
        workload(
            TestTraces.request(0, 100, 200, 1),
            TestTraces.request(0, 100, 1, 2),
            TestTraces.request(0, 200, 1, 3, 4));
    small.start(new InFlight(0, 0, workload, 0), 0);
    small.start(new InFlight(1, 0, workload, 0), 0);
    small.advance(3_000 * MILLI, listener);
    small.start(new InFlight(2, 0, workload, 0), 3_000 * MILLI);
    small.advance(10_000 * MILLI, listener);
    assertThat(small.cachedTokens(workload.blocks(0), 101)).isEqualTo(100);
    assertThat(small.cachedTokens(workload.blocks(1), 101)).isZero();
  }

  @Test
  void fullyCachedPrompt_computesItsLastToken() {
    Workload workload =
        workload(TestTraces.request(0, 200, 1, 1, 2), TestTraces.request(0, 200, 1, 1, 2));
    engine.start(new InFlight(0, 0, workload, 0), 0);
    engine.start(new InFlight(1, 0, workload, 0), 0);
    engine.advance(10_000 * MILLI, listener);
    assertThat(told).contains("first 1 cached 199 at 401");
  }

  @Test
  void decoding_doesNotSlowPrefill() {
    Workload workload =
        workload(TestTraces.request(0, 100, 1000, 1), TestTraces.request(0, 100, 1, 2));
    engine.start(new InFlight(0, 0, workload, 0), 0);
    engine.start(new InFlight(1, 0, workload, 0), 0);
    engine.advance(60_000 * MILLI, listener);
    assertThat(told)
        .containsExactly(
            "first 0 cached 0 at 200", "first 1 cached 0 at 400", "end 1 at 400", "end 0 at 10190");
  }

  @Test
  void abort_returnsWaitingComputingAndDecodingRequests() {
    Workload workload =
        workload(
            TestTraces.request(0, 100, 1000, 1),
            TestTraces.request(0, 100, 1, 2),
            TestTraces.request(0, 100, 1, 3));
    for (int i = 0; i < 3; i++) {
      engine.start(new InFlight(i, 0, workload, 0), 0);
    }
    engine.advance(250 * MILLI, listener);
    assertThat(engine.abort()).extracting(flight -> flight.request).containsExactly(2, 1, 0);
    assertThat(engine.requests()).isZero();
    assertThat(engine.nextEventNanos()).isEqualTo(Long.MAX_VALUE);
  }
}
