package io.warmpath.simulator.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class ProfileEngineTest {

  private static final EngineProfile PROFILE = EngineProfile.named("8b-h100");

  private final List<Integer> cached = new ArrayList<>();
  private final List<Double> firstSeconds = new ArrayList<>();
  private final List<Integer> ended = new ArrayList<>();

  private final ReplicaEngine.Listener listener =
      new ReplicaEngine.Listener() {
        @Override
        public void firstToken(InFlight request, int tokens, double workSeconds, long nowNanos) {
          cached.add(tokens);
          firstSeconds.add(nowNanos / 1e9);
        }

        @Override
        public void completed(InFlight request, long nowNanos) {
          ended.add(request.request);
        }
      };

  private static Workload workload(TraceRequest... requests) {
    return Workload.of(new Trace("test", 512, 0, List.of(requests)));
  }

  private ProfileEngine engine() {
    return new ProfileEngine(ProfileEngine.fitted(PROFILE, 100_000, 512), 512);
  }

  @Test
  void onePrompt_takesOverheadAndOneStep() {
    ProfileEngine engine = engine();
    Workload workload = workload(TestTraces.request(0, 1000, 1, 1, 2));
    engine.start(new InFlight(0, 0, workload, 0), 0);
    engine.advance(10_000_000_000L, listener);
    assertThat(cached).containsExactly(0);
    assertThat(firstSeconds.getFirst()).isCloseTo(0.010 + 0.0065 + 1000 * 20e-6, within(1e-4));
    assertThat(ended).containsExactly(0);
    assertThat(engine.usedTokens()).isZero();
    assertThat(engine.nextEventNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void sharedFullBlock_isReusedThePartialOneIsNot() {
    ProfileEngine engine = engine();
    Workload workload =
        workload(TestTraces.request(0, 1000, 1, 1, 2), TestTraces.request(0, 1000, 1, 1, 3));
    engine.start(new InFlight(0, 0, workload, 0), 0);
    engine.advance(1_000_000_000L, listener);
    assertThat(engine.cachedTokens(workload.blocks(1), 1000)).isEqualTo(512);
    engine.start(new InFlight(1, 0, workload, 0), 1_000_000_000L);
    engine.advance(2_000_000_000L, listener);
    assertThat(cached).containsExactly(0, 512);
  }

  @Test
  void differentBlocks_areNeverTakenForEachOther() {
    ProfileEngine engine = engine();
    TraceRequest[] requests =
        LongStream.range(0, 1000)
            .mapToObj(id -> TestTraces.request(0, 512, 1, id))
            .toArray(TraceRequest[]::new);
    Workload workload = workload(requests);
    for (int i = 0; i < requests.length; i++) {
      engine.start(new InFlight(i, 0, workload, 0), i * 1_000_000_000L);
      engine.advance((i + 1) * 1_000_000_000L, listener);
    }
    assertThat(cached).hasSize(1000).containsOnly(0);
  }

  @Test
  void abort_returnsWhatRanAndWaited() {
    ProfileEngine engine = engine();
    Workload workload =
        workload(TestTraces.request(0, 1000, 500, 1, 2), TestTraces.request(0, 1000, 1, 1, 3));
    engine.start(new InFlight(0, 0, workload, 0), 0);
    engine.advance(1_000_000_000L, listener);
    engine.start(new InFlight(1, 0, workload, 0), 1_000_000_000L);
    assertThat(engine.abort()).extracting(flight -> flight.request).containsExactly(0, 1);
    assertThat(engine.requests()).isZero();
  }

  @Test
  void blocksThatDoNotDivideTheTraces_takeTheTracesSize() {
    assertThat(ProfileEngine.fitted(PROFILE, 100_000, 512).blockSizeTokens()).isEqualTo(16);
    assertThat(ProfileEngine.fitted(PROFILE, 100_000, 100).blockSizeTokens()).isEqualTo(100);
  }

  @Test
  void requestBeyondTheModel_doesNotFit() {
    assertThat(engine().fits(99_000, 900)).isTrue();
    assertThat(engine().fits(99_000, 1900)).isFalse();
  }
}
