package io.warmpath.cli.sticky;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.simulator.engine.EngineProfile;
import org.junit.jupiter.api.Test;

final class AdoptionRunTest {

  private static final AdoptionRun RUN =
      new AdoptionRun(
          new AdoptionRun.Settings(
              12, 4, 2, 4, 6_000, 1_500, 4, EngineProfile.named("8b-h100").atSpeed(10)));

  @Test
  void header_addsLittleToWhatTheConversationTells() throws Exception {
    double without = RUN.run(AdoptionPolicy.WARMPATH, true, 0).tokenHitRate();
    double with = RUN.run(AdoptionPolicy.WARMPATH, true, 100).tokenHitRate();
    double roundRobin = RUN.run(AdoptionPolicy.ROUND_ROBIN, true, 0).tokenHitRate();
    assertThat(without).isGreaterThan(roundRobin);
    assertThat(without).isGreaterThan(with - 0.1);
  }

  @Test
  void headerOnly_gainsWithTheShareThatSendsIt() throws Exception {
    double without = RUN.run(AdoptionPolicy.HEADER_ONLY, true, 0).tokenHitRate();
    double with = RUN.run(AdoptionPolicy.HEADER_ONLY, true, 100).tokenHitRate();
    assertThat(with).isGreaterThan(without + 0.1);
  }
}
