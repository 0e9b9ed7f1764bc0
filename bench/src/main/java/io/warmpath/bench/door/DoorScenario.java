package io.warmpath.bench.door;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Requests that arrive at a constant rate.
 *
 * @param name for people
 * @param promptCharacters length of each prompt; no two are equal
 * @param chunks streamed chunks of an answer
 * @param requestsPerSecond the rate
 */
record DoorScenario(String name, int promptCharacters, int chunks, double requestsPerSecond) {

  /** Four characters are a token. The last two differ in chunks alone, which is what those cost. */
  static final List<DoorScenario> ALL =
      List.of(
          new DoorScenario("200 tokens, 800/s", 800, 2, 800),
          new DoorScenario("8,000 tokens, 150/s", 32_000, 2, 150),
          new DoorScenario("100,000 tokens, 60/s", 400_000, 2, 60),
          new DoorScenario("200 tokens, 40/s", 800, 2, 40),
          new DoorScenario("200 tokens, 400 chunks, 40/s", 800, 400, 40));

  static List<DoorScenario> startingWith(String name) {
    return ALL.stream().filter(scenario -> scenario.name.startsWith(name)).toList();
  }

  /** Returns the body of request {@code number}. */
  byte[] body(String model, long number) {
    StringBuilder body = new StringBuilder(promptCharacters + 200);
    body.append("{\"model\":\"").append(model).append("\",\"stream\":true,\"max_tokens\":");
    body.append(chunks).append(",\"prompt\":\"").append(number).append(' ');
    while (body.length() < promptCharacters) {
      body.append("the quick brown fox jumps over the lazy dog ");
    }
    return body.append("\"}").toString().getBytes(StandardCharsets.UTF_8);
  }
}
