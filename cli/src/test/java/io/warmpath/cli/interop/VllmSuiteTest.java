package io.warmpath.cli.interop;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;

/** The suite on a real vLLM; runs with the profile {@code interop} only. */
@Tag("interop")
final class VllmSuiteTest extends EngineSuite {

  @Override
  List<TestEngine> startEngines(int count, Path directory) throws IOException {
    Optional<String> missing = VllmTestEngine.whyMissing();
    assumeTrue(missing.isEmpty(), missing.orElse(""));
    List<String> options = new ArrayList<>(VllmTestEngine.adapterOptions());
    options.addAll(List.of("--num-gpu-blocks-override", String.valueOf(TestEngine.BLOCKS)));
    List<TestEngine> engines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      engines.add(new VllmTestEngine(directory, options));
    }
    return engines;
  }
}
