package io.warmpath.cli.demo;

import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.trace.Trace;

/**
 * What a demo replays, and on what.
 *
 * @param trace the requests
 * @param speed how much faster than the trace they arrive, above 0
 * @param replicas simulated engines
 * @param profile what the engines imitate
 * @param killAfterSeconds how long after the start of each run one agent is killed, infinite for
 *     never
 */
public record DemoSettings(
    Trace trace, double speed, int replicas, EngineProfile profile, double killAfterSeconds) {

  public DemoSettings {
    if (!(speed > 0 && speed < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("speed is " + speed + ", it must be above 0");
    }
    if (!(killAfterSeconds >= 0)) {
      throw new IllegalArgumentException(
          "the agent is killed after " + killAfterSeconds + " s, it must be at least 0");
    }
    if (replicas < 2 && killAfterSeconds < Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException("to kill an agent, replicas must be at least 2");
    }
  }

  /** Whether an agent is killed. */
  boolean kills() {
    return killAfterSeconds < Double.POSITIVE_INFINITY;
  }

  /** Prompt tokens that arrive a second. */
  public double tokensPerSecond() {
    long tokens = trace.requests().stream().mapToLong(request -> request.promptTokens()).sum();
    return tokens / seconds();
  }

  /** Seconds from the first arrival to the last. */
  public double seconds() {
    return Math.max(1e-3, trace.requests().getLast().arrivalMillis() / 1000 / speed);
  }
}
