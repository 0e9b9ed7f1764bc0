package io.warmpath.agent;

import io.warmpath.routing.PrefillSpeed;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Turns the first outputs of an engine into observations of its prefill speed. Confined to the
 * replica's event loop.
 */
final class PrefillTimes {

  /*
   * An engine works on prompts in the order in which it got them, so one prompt took the time since
   * the engine got it, or since it was done with the one before, whichever is later. Prompts that
   * it computed in one step give their first outputs together: they are one observation, of the
   * time of the first of them.
   *
   * A prompt that found the engine idle also took what does not add up when many wait: its way in,
   * and the rest of a decoding step. The speed is wanted for pending work, so such a prompt counts,
   * but little.
   *
   * How many tokens of a prompt were computed and not cached is known only at the end of its
   * stream, so an observation waits for the ends of all of its prompts. One that ends without
   * saying it spoils the observation.
   */
  private static final long ONE_STEP_NANOS = Duration.ofMillis(1).toNanos();

  private static final double IDLE_START_WEIGHT = 0.1;
  private static final double NANOS_PER_SECOND = 1e9;

  private final PrefillSpeedEstimator estimator;
  private long lastOutputNanos;
  private @Nullable Observation current;

  /** Prompts that were computed together, and what is known of them. */
  static final class Observation {
    private final double seconds;
    private final double weight;
    private int prompts;
    private int unknown;
    private long computedTokens;
    private boolean closed;
    private boolean spoiled;

    private Observation(double seconds, double weight) {
      this.seconds = seconds;
      this.weight = weight;
    }
  }

  PrefillTimes(PrefillSpeedEstimator estimator, long nowNanos) {
    this.estimator = estimator;
    this.lastOutputNanos = nowNanos;
  }

  /** The speed as far as it was seen. */
  PrefillSpeed speed() {
    return estimator.speed();
  }

  /** A prompt that the engine got at {@code dispatchedNanos} is computed. */
  Observation computed(long dispatchedNanos, long nowNanos) {
    boolean behindAnother = lastOutputNanos - dispatchedNanos > 0;
    long beganNanos = behindAnother ? lastOutputNanos : dispatchedNanos;
    Observation previous = current;
    lastOutputNanos = nowNanos;
    if (previous != null && behindAnother && nowNanos - beganNanos < ONE_STEP_NANOS) {
      previous.prompts++;
      previous.unknown++;
      return previous;
    }
    if (previous != null) {
      previous.closed = true;
      observeIfComplete(previous);
    }
    Observation next =
        new Observation(
            (nowNanos - beganNanos) / NANOS_PER_SECOND, behindAnother ? 1 : IDLE_START_WEIGHT);
    next.prompts = 1;
    next.unknown = 1;
    current = next;
    return next;
  }

  /** Of a prompt of {@code observation} so many tokens were computed; negative when unknown. */
  void known(Observation observation, int computedTokens) {
    observation.unknown--;
    if (computedTokens < 0) {
      observation.spoiled = true;
    } else {
      observation.computedTokens += computedTokens;
    }
    observeIfComplete(observation);
  }

  private void observeIfComplete(Observation observation) {
    if (observation.closed && observation.unknown == 0 && !observation.spoiled) {
      estimator.observe(
          observation.seconds, observation.prompts, observation.computedTokens, observation.weight);
    }
  }
}
