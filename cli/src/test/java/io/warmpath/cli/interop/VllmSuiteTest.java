package io.warmpath.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The suite on a real vLLM; runs with the profile {@code interop} only. */
@Tag("interop")
final class VllmSuiteTest extends EngineSuite {

  @Override
  List<TestEngine> startEngines(int count, Path directory) throws IOException {
    Optional<String> missing = VllmTestEngine.whyMissing();
    assumeTrue(missing.isEmpty(), missing.orElse(""));
    List<TestEngine> engines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      engines.add(new VllmTestEngine(directory));
    }
    return engines;
  }

  @Test
  void pendingWork_afterThousandRequests_isWithin15PercentOfWhatItTook() throws Exception {
    PendingWorkTrial trial = pendingWorkTrial();
    trial.learn(1_000);
    List<Double> ratios = new ArrayList<>();
    for (int burst = 0; burst < 15; burst++) {
      ratios.addAll(trial.burst(12));
      trial.learn(20);
    }
    double median = ratios.stream().sorted().toList().get(ratios.size() / 2);
    assertThat(median).as("said over took, %s", ratios).isBetween(0.85, 1.15);
  }
}
