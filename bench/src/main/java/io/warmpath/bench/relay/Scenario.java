package io.warmpath.bench.relay;

import java.util.List;

/**
 * One kind of traffic.
 *
 * @param name in reports
 * @param chunks pieces of about 100 bytes in an answer, at least 1
 * @param chunkGapMicros time between two of them; 0 sends them all at once
 * @param requestsPerSecond arrivals, evenly spaced, whatever the answers take
 */
record Scenario(String name, int chunks, int chunkGapMicros, double requestsPerSecond) {

  /** From a single short answer to long streams, at once and at the pace of a decoding engine. */
  static final List<Scenario> ALL =
      List.of(
          new Scenario("unary", 1, 0, 400),
          new Scenario("stream-32", 32, 0, 200),
          new Scenario("stream-512", 512, 0, 20),
          new Scenario("paced-32", 32, 10_000, 50),
          new Scenario("paced-512", 512, 5_000, 8));
}
