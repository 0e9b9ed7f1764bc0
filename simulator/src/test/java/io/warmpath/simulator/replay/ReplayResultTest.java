package io.warmpath.simulator.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ReplayResultTest {

  /** First tokens after 1, 2 … 90 seconds; all prompts of 100 tokens with half a second of work. */
  private static ReplayResult ninetyServed(int refused) {
    Measures measures = new Measures();
    for (int i = 0; i < 90 + refused; i++) {
      measures.arrived(100);
    }
    for (int second = 1; second <= 90; second++) {
      measures.firstToken(100, second, 0.5, second > 5);
    }
    measures.measuredRefused = refused;
    return ReplayResult.of(
        new ReplayResult.Run("p", 1, 1, 1, 1), measures, 0.95, List.of(), 1_000_000_000L);
  }

  @Test
  void refusedRequests_countAsNeverServedInTheCapacityPercentile() {
    assertThat(ninetyServed(0).ttftSecondsWithRefused(50)).isCloseTo(45, within(0.1));
    assertThat(ninetyServed(10).ttftSecondsWithRefused(50)).isCloseTo(50, within(0.1));
    assertThat(ninetyServed(10).ttftSecondsWithRefused(95)).isInfinite();
  }

  @Test
  void hottestFamily_standsBesideTheOthers() {
    ReplayResult.Hottest hottest = ninetyServed(0).hottest();
    assertThat(hottest.requestShare()).isEqualTo(0.95);
    assertThat(hottest.p95Seconds()).isCloseTo(86, within(0.1));
    assertThat(hottest.othersP95Seconds()).isCloseTo(5, within(0.1));
  }

  @Test
  void table_ofSeveralSeedsAndAHotFamily_showsBoth() {
    String table = ReplayTable.of(List.of(ninetyServed(0), ninetyServed(10)));
    assertThat(table).contains("lowest..highest").contains("0.0..0.0").contains("95.0% of");
    assertThat(ReplayTable.of(List.of(ninetyServed(0)))).doesNotContain("lowest..highest");
  }

  @Test
  void target_isThreeSecondsPlusTwoOwnPrefillsOverAllRequests() {
    assertThat(ninetyServed(10).target().requestShare()).isEqualTo(0.04);
    assertThat(ninetyServed(10).target().tokenShare()).isEqualTo(0.04);
  }
}
