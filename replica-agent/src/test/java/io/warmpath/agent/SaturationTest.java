package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class SaturationTest {

  @Test
  void of_idle_isZero() {
    assertThat(Saturation.of(signals(0, 0, 0, 0, false))).isZero();
  }

  @Test
  void of_busyCacheAlone_isNotSaturated() {
    assertThat(Saturation.of(signals(0, 0, 1, 0, false))).isCloseTo(0.5, within(1e-9));
    assertThat(Saturation.of(signals(0, 0, 0.8, 5, true))).isZero();
  }

  @Test
  void of_fullCacheWithQueueOrPreemption_isOne() {
    assertThat(Saturation.of(signals(0, 0, 1, 5, false))).isEqualTo(1);
    assertThat(Saturation.of(signals(0, 0, 1, 0, true))).isEqualTo(1);
  }

  @Test
  void of_queueAndWork_growToOne() {
    assertThat(Saturation.of(signals(50, 0, 0, 0, false))).isEqualTo(0.5);
    assertThat(Saturation.of(signals(0, 15, 0, 0, false))).isEqualTo(0.25);
    assertThat(Saturation.of(signals(100, 0, 0, 0, false))).isEqualTo(1);
    assertThat(Saturation.of(signals(0, 600, 0, 0, false))).isEqualTo(1);
  }

  private static Saturation.Signals signals(
      int waiting, double pending, double kvUsage, int engineWaiting, boolean preempting) {
    return new Saturation.Signals(waiting, 100, pending, 60, kvUsage, engineWaiting, preempting);
  }
}
