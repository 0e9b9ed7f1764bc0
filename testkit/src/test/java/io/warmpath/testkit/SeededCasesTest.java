package io.warmpath.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SeededCasesTest {

  @Test
  void run_failingCase_namesSeedThatRepeatsIt() {
    assertThatThrownBy(
            () -> SeededCases.run(5, random -> assertThat(random.nextInt()).isEqualTo(-1)))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("case 0, -Dwarmpath.seed=");
  }

  @Test
  void run_twice_drawsTheSame() {
    assertThat(draws()).isEqualTo(draws()).doesNotHaveDuplicates();
  }

  @Test
  void until_conditionThatNeverHolds_failsWithItsName() {
    assertThatThrownBy(() -> Await.until("the moon", Duration.ofMillis(5), () -> false))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("the moon");
  }

  private static List<Long> draws() {
    List<Long> draws = new ArrayList<>();
    SeededCases.run(4, random -> draws.add(random.nextLong()));
    return draws;
  }
}
