package io.warmpath.simulator.replay;

import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Assumptions;

/** Traces for tests. */
final class TestTraces {

  private TestTraces() {}

  /** A request of blocks that are given by their ids. */
  static TraceRequest request(
      double arrivalMillis, int promptTokens, int outputTokens, long... ids) {
    return new TraceRequest(arrivalMillis, promptTokens, outputTokens, ids, null);
  }

  /** Prompts that share beginnings at random; about {@code requestsPerSecond}. */
  static Trace random(SplittableRandom random, int requests, double requestsPerSecond) {
    List<TraceRequest> made = new ArrayList<>();
    double meanGapMillis = 1000 / requestsPerSecond;
    double[] arrivals = random.doubles(requests, 0, requests * meanGapMillis).sorted().toArray();
    for (double arrival : arrivals) {
      int promptTokens = 1 + random.nextInt(20_000);
      long[] ids = new long[Math.ceilDiv(promptTokens, 512)];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = random.nextInt(i < 4 ? 3 : 1_000_000);
      }
      made.add(request(arrival, promptTokens, random.nextInt(300), ids));
    }
    return Trace.of("random", 512, made);
  }

  /**
   * Returns a public trace that is not part of the project, looked for in the folder that the
   * property warmpath.traces or the variable WARMPATH_TRACES names, else beside the project;
   * without it the calling test is skipped.
   */
  static Path publicTrace(String name) {
    String folder =
        System.getProperty(
            "warmpath.traces",
            System.getenv().getOrDefault("WARMPATH_TRACES", "../../shared/traces"));
    Path file = Path.of(folder, name);
    Assumptions.assumeTrue(
        Files.exists(file), "no " + name + ": set WARMPATH_TRACES to the folder that holds it");
    return file;
  }
}
