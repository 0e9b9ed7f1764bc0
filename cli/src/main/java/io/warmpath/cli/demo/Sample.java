package io.warmpath.cli.demo;

import com.google.errorprone.annotations.Var;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.warmpath.v1.Placement;
import io.warmpath.v1.Usage;
import org.jspecify.annotations.Nullable;

/** What became of one request. Thread-safe. */
final class Sample {

  /** How a request ended. */
  enum End {
    /** It has not. */
    RUNNING,
    COMPLETED,
    /** Refused for load; nothing was streamed. */
    REFUSED,
    /** Failed before its first token. */
    FAILED,
    /** Its stream had begun and broke. */
    CUT,
  }

  private final int promptTokens;
  private final long dueNanos;
  private final long sentNanos;

  @GuardedBy("this")
  private @Var @Nullable ClientCallStreamObserver<?> call;

  @GuardedBy("this")
  private @Var String replica = "";

  @GuardedBy("this")
  private @Var int attempts;

  @GuardedBy("this")
  private @Var long firstTokenNanos;

  @GuardedBy("this")
  private @Var boolean streaming;

  @GuardedBy("this")
  private @Var int cachedTokens;

  @GuardedBy("this")
  private @Var End end = End.RUNNING;

  @GuardedBy("this")
  private @Var @Nullable String error;

  /**
   * @param dueNanos when it should have been sent
   * @param sentNanos when it was
   */
  Sample(int promptTokens, long dueNanos, long sentNanos) {
    this.promptTokens = promptTokens;
    this.dueNanos = dueNanos;
    this.sentNanos = sentNanos;
  }

  synchronized void started(ClientCallStreamObserver<?> running) {
    call = running;
  }

  synchronized void placed(Placement placement) {
    replica = placement.getReplicaId();
    attempts = placement.getAttempts();
  }

  synchronized void decoded() {
    if (!streaming) {
      streaming = true;
      firstTokenNanos = System.nanoTime();
    }
  }

  synchronized void completed(Usage usage) {
    cachedTokens = usage.getCachedTokens();
  }

  synchronized void ended() {
    end = End.COMPLETED;
  }

  synchronized void failed(Throwable failure) {
    Status status = Status.fromThrowable(failure);
    boolean refused = status.getCode() == Status.Code.RESOURCE_EXHAUSTED;
    end = streaming ? End.CUT : refused ? End.REFUSED : End.FAILED;
    error = status.getCode() + ": " + status.getDescription();
  }

  /** Gives the request up when it still runs. */
  void cancel() {
    @Nullable ClientCallStreamObserver<?> running;
    synchronized (this) {
      running = end == End.RUNNING ? call : null;
    }
    if (running != null) {
      running.cancel("the run is over", null);
    }
  }

  int promptTokens() {
    return promptTokens;
  }

  /** How late it was sent. */
  double lateSeconds() {
    return Math.max(0, (sentNanos - dueNanos) / 1e9);
  }

  synchronized End end() {
    return end;
  }

  /** The status of a request that failed, or null. */
  synchronized @Nullable String error() {
    return error;
  }

  /** The replica that it was placed on, empty for none. */
  synchronized String replica() {
    return replica;
  }

  /** Replicas that were tried. */
  synchronized int attempts() {
    return attempts;
  }

  synchronized boolean streamed() {
    return streaming;
  }

  /** From when it should have been sent to its first token. */
  synchronized double ttftSeconds() {
    return (firstTokenNanos - dueNanos) / 1e9;
  }

  synchronized int cachedTokens() {
    return cachedTokens;
  }
}
