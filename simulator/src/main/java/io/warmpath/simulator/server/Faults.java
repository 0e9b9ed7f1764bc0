package io.warmpath.simulator.server;

import org.jspecify.annotations.Nullable;

/**
 * What is wrong with an engine, for tests: set from any thread, read on its event loop. Faults that
 * act on connections or on the engine's time are methods of {@link SimulatedEngineServer}.
 */
public final class Faults {

  private volatile boolean unhealthy;
  private volatile boolean metricsHanging;
  private volatile @Nullable String metricsBody;
  private volatile int refusalStatus;

  Faults() {}

  /** Whether {@code /health} answers 503. */
  public void setUnhealthy(boolean value) {
    unhealthy = value;
  }

  /** Whether {@code /metrics} never answers. */
  public void setMetricsHanging(boolean value) {
    metricsHanging = value;
  }

  /** What {@code /metrics} answers, or null for the truth. */
  public void setMetricsBody(@Nullable String body) {
    metricsBody = body;
  }

  /** Status that all generating endpoints refuse with, or 0 for none. */
  public void setRefusalStatus(int status) {
    refusalStatus = status;
  }

  boolean isUnhealthy() {
    return unhealthy;
  }

  boolean isMetricsHanging() {
    return metricsHanging;
  }

  @Nullable String metricsBody() {
    return metricsBody;
  }

  int refusalStatus() {
    return refusalStatus;
  }
}
