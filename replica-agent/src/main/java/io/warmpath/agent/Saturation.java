package io.warmpath.agent;

/**
 * How full a replica is, as one number: 0 is idle, and at 1 it must not get more.
 *
 * <p>It is the largest of three:
 *
 * <ul>
 *   <li>queue: requests waiting in the agent over the queue's size;
 *   <li>work: pending prefill work over the configured maximum;
 *   <li>cache: {@code k (1 + d) / 2}, where {@code k} grows from 0 to 1 as the share of the KV
 *       cache held by running requests goes from 0.8 to 1, and {@code d} from 0 to 1 as requests
 *       wait in the engine, up to five, or is 1 when it has lately taken a request's place for
 *       another's. A full cache with nobody waiting is busy, not saturated.
 * </ul>
 */
final class Saturation {

  /** The names that other routers use for these two: kvCacheUtilThreshold, queueDepthThreshold. */
  private static final double KV_USAGE_THRESHOLD = 0.8;

  private static final int QUEUE_DEPTH_THRESHOLD = 5;

  private Saturation() {}

  /**
   * What saturation is made of.
   *
   * @param agentWaiting requests waiting in the agent
   * @param queueSize most that may
   * @param pendingSeconds pending prefill work
   * @param maxPendingSeconds pending work that saturates
   * @param kvUsageRatio share of the KV cache held by running requests, 0..1
   * @param engineWaiting requests waiting in the engine
   * @param preempting whether the engine has lately preempted a request
   */
  record Signals(
      int agentWaiting,
      int queueSize,
      double pendingSeconds,
      double maxPendingSeconds,
      double kvUsageRatio,
      int engineWaiting,
      boolean preempting) {}

  static double of(Signals signals) {
    double queue = (double) signals.agentWaiting / signals.queueSize;
    double work = signals.pendingSeconds / signals.maxPendingSeconds;
    double cache =
        Math.clamp((signals.kvUsageRatio - KV_USAGE_THRESHOLD) / (1 - KV_USAGE_THRESHOLD), 0, 1);
    double depth =
        signals.preempting
            ? 1
            : Math.min(1, (double) signals.engineWaiting / QUEUE_DEPTH_THRESHOLD);
    return Math.clamp(Math.max(Math.max(queue, work), cache * (1 + depth) / 2), 0, 1);
  }
}
