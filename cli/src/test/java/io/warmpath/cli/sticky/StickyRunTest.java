package io.warmpath.cli.sticky;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.cli.sticky.StickyRun.Scenario;
import io.warmpath.simulator.engine.EngineProfile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class StickyRunTest {

  private static final StickyRun.Settings FAST = settings(24, 50);

  /** Two routers tell each other through reports, which need engines of a real one's speed. */
  private static final StickyRun.Settings REAL = settings(9, 1);

  private static StickyRun.Settings settings(int rounds, double speed) {
    return new StickyRun.Settings(
        rounds, 4, 12_000, EngineProfile.named("8b-h100").atSpeed(speed), StickyRun.DEFAULT_PRICES);
  }

  @ParameterizedTest
  @EnumSource
  void warmpath_readsEveryRoundFromTheCache(Scenario scenario) throws Exception {
    StickyRun.Settings settings = scenario == Scenario.TWO_ROUTERS ? REAL : FAST;
    StickyResult result = new StickyRun(settings, StickyPolicy.WARMPATH, scenario).run();

    assertThat(result.roundsFromCache()).as(result.row()).isEqualTo(settings.rounds());
    assertThat(result.tokenHitRate()).isEqualTo(result.possibleTokenHitRate());
    assertThat(result.callHitRate()).isEqualTo(0.5);
    assertThat(result.cost()).isLessThan(0.6 * result.unstickyCost());
  }

  @Test
  void roundRobin_readsNoneFromTheCache() throws Exception {
    StickyResult result = new StickyRun(FAST, StickyPolicy.ROUND_ROBIN, Scenario.PLAIN).run();
    assertThat(result.roundsFromCache()).as(result.row()).isZero();
    assertThat(result.cost()).isEqualTo(result.unstickyCost());
  }

  @Test
  void random_readsAboutAQuarterFromTheCache() throws Exception {
    StickyResult result = new StickyRun(FAST, StickyPolicy.RANDOM, Scenario.PLAIN).run();
    // The draws are seeded, so this is the same in each run.
    assertThat(result.roundsFromCache()).as(result.row()).isBetween(1, 14);
  }

  @Test
  void sessionOnly_readsEveryRoundFromTheCache() throws Exception {
    StickyResult result = new StickyRun(FAST, StickyPolicy.SESSION_ONLY, Scenario.PLAIN).run();
    assertThat(result.roundsFromCache()).as(result.row()).isEqualTo(24);
  }
}
