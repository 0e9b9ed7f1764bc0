package io.warmpath.routing.replica;

import io.warmpath.routing.PrefillSpeed;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one replica that have not reached their first token: those waiting in the agent
 * and those handed to the engine. Not thread-safe: one writer.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class ReplicaQueue {

  /**
   * Limits and order of a replica's queue.
   *
   * @param capacity most requests waiting in the agent, at least 1
   * @param order the order in which waiting requests are handed out
   * @param deadlineFactor virtual deadline = arrival + factor x own expected prefill time
   * @param engineWorkSeconds hand out while the engine holds less than this much prefill work
   * @param engineRequests hand out while fewer than this many requests are in prefill at the engine
   */
  public record Settings(
      int capacity,
      Order order,
      double deadlineFactor,
      double engineWorkSeconds,
      int engineRequests) {}

  /** Orders of a queue; within a priority class. */
  public enum Order {
    /** First come, first served. */
    ARRIVAL,
    /** Smallest virtual deadline first. */
    VIRTUAL_DEADLINE,
  }

  /** An empty queue. */
  public ReplicaQueue(Settings settings, PrefillSpeed speed) {
    throw new UnsupportedOperationException();
  }

  /**
   * Admits or refuses a request.
   *
   * @param limitSeconds refuse above this much pending work, infinite for no limit
   * @param maxWaitSeconds refuse when its prefill would start later than this, infinite for none
   */
  public Admission offer(
      QueuedRequest request, double limitSeconds, double maxWaitSeconds, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** Takes the next request to hand to the engine, or null when the engine has enough or none. */
  public @Nullable QueuedRequest next(long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** The engine computed the prompt: its first token came. */
  public void prefilled(QueuedRequest request, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** The request ended before its first token: cancelled or failed. No effect if it is unknown. */
  public void remove(QueuedRequest request, long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** The measured speed changed. */
  public void setSpeed(PrefillSpeed speed) {
    throw new UnsupportedOperationException();
  }

  /** Prefill work accepted and not yet computed, seconds; falls while the engine computes. */
  public double pendingWorkSeconds(long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** The same in tokens. */
  public long pendingPrefillTokens(long nowNanos) {
    throw new UnsupportedOperationException();
  }

  /** Requests waiting in the agent. */
  public int waitingRequests() {
    throw new UnsupportedOperationException();
  }
}
