package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.routing.ShadowCounters;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ShadowLogTest {

  @Test
  void log_isDueOnceAMinute() {
    long minute = TimeUnit.MINUTES.toNanos(1);
    ShadowLog log = new ShadowLog(Long.MAX_VALUE - 5); // The ticker may wrap.
    assertThat(log.isDue(Long.MAX_VALUE - 5 + minute - 1)).isFalse();
    assertThat(log.isDue(Long.MAX_VALUE - 5 + minute)).isTrue();
    assertThat(log.isDue(Long.MAX_VALUE - 5 + minute)).isFalse();
  }

  @Test
  void line_saysTokensAndBalance() {
    assertThat(ShadowLog.line("m", 10_000, 500, 2_960, new ShadowCounters(0, 0, 0, 1.08, 1.224)))
        .isEqualTo(
            "shadow m: of 10,000 prompt tokens 500 (5.0 %) are expected in a cache, affinity would"
                + " make it 2,960 (29.6 %); work max/mean 1.08, with affinity 1.22");
  }
}
