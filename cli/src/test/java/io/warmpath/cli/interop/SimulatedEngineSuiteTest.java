package io.warmpath.cli.interop;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The suite on the simulated engine. */
final class SimulatedEngineSuiteTest extends EngineSuite {

  @Override
  List<TestEngine> startEngines(int count, Path directory) throws IOException {
    List<TestEngine> engines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      engines.add(new SimulatedTestEngine());
    }
    return engines;
  }
}
