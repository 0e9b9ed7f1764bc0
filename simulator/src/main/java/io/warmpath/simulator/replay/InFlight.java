package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Lease;
import io.warmpath.routing.replica.QueuedRequest;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A request between its arrival and its end. One writer: the replay's loop. */
final class InFlight {

  final int request;
  final int router;
  final int promptTokens;
  final int outputTokens;
  final int[] blocks;
  final long arrivalNanos;

  /** Prompt tokens found in the cache when its prefill began. */
  @Var int cachedTokens;

  /** Whether its first token came. */
  @Var boolean streaming;

  /** How often it was lost before its first token and placed again. */
  @Var int failures;

  private @Var @Nullable SimulatedReplica replica;
  private @Var @Nullable Lease lease;
  private @Var @Nullable QueuedRequest queued;

  InFlight(int request, int router, Workload workload, long arrivalNanos) {
    this.request = request;
    this.router = router;
    this.promptTokens = workload.requests().get(request).promptTokens();
    this.outputTokens = workload.requests().get(request).outputTokens();
    this.blocks = workload.blocks(request);
    this.arrivalNanos = arrivalNanos;
  }

  /** A replica took it. */
  void takenBy(SimulatedReplica by, Lease under, QueuedRequest as) {
    replica = by;
    lease = under;
    queued = as;
  }

  /** The replica that took it. */
  SimulatedReplica replica() {
    return Objects.requireNonNull(replica);
  }

  /** Its hold on that replica. */
  Lease lease() {
    return Objects.requireNonNull(lease);
  }

  /** What it is in that replica's queue. */
  QueuedRequest queued() {
    return Objects.requireNonNull(queued);
  }
}
