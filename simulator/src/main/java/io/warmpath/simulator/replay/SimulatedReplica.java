package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.Lease;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.replica.Admission;
import io.warmpath.routing.replica.QueuedRequest;
import io.warmpath.routing.replica.ReplicaActivity;
import io.warmpath.routing.replica.ReplicaQueue;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * A replica as its agent runs it: the agent's own queue and activity before a modelled engine. One
 * writer: the replay's loop.
 */
final class SimulatedReplica {

  private static final double NANOS_PER_SECOND = 1e9;

  private final int number;
  private final ReplicaReport.Identity identity;
  private final PrefillSpeed speed;
  private final ReplicaEngine engine;
  private final ReplicaQueue queue;
  private final ReplicaActivity activity;
  private final IdentityHashMap<QueuedRequest, InFlight> waiting = new IdentityHashMap<>();
  private final long joinedNanos;
  private @Var long sequence;
  private @Var long markNanos = Long.MIN_VALUE;
  private @Var long diedNanos = Long.MAX_VALUE;
  private @Var long lossNanos = Long.MAX_VALUE;
  private @Var int requests;
  private @Var double workSeconds;
  private @Var FleetView.Observed lastReport;
  private @Var boolean alive = true;

  /** When the loop will look at this replica next; {@link Long#MAX_VALUE} for never. */
  @Var long wakeNanos = Long.MAX_VALUE;

  SimulatedReplica(
      int number,
      ReplicaReport.Identity identity,
      PrefillSpeed speed,
      ReplicaEngine engine,
      ReplicaQueue queue,
      ReplicaActivity activity,
      long joinedNanos) {
    this.number = number;
    this.identity = identity;
    this.speed = speed;
    this.engine = engine;
    this.queue = queue;
    this.activity = activity;
    this.joinedNanos = joinedNanos;
    this.lastReport = new FleetView.Observed(report(joinedNanos), joinedNanos);
  }

  String id() {
    return identity.id();
  }

  /** Its number in the fleet, from 0. */
  int number() {
    return number;
  }

  /** Prompts it computed. */
  int requests() {
    return requests;
  }

  /** Time it spent on prefill. */
  double workSeconds() {
    return workSeconds;
  }

  /** How long it lived until {@code endNanos}. */
  double aliveSeconds(long endNanos) {
    return (Math.min(endNanos, diedNanos) - joinedNanos) / NANOS_PER_SECOND;
  }

  boolean isAlive() {
    return alive;
  }

  ReplicaEngine engine() {
    return engine;
  }

  /** Offers a request under the lease's limit; an accepted one may go to the engine at once. */
  Admission offer(InFlight flight, Lease lease, double maxWaitSeconds, long nowNanos) {
    int expected = Math.min(lease.expectedCachedTokens(), flight.promptTokens);
    QueuedRequest queued = new QueuedRequest(flight.promptTokens, expected, 0, nowNanos);
    Admission admission =
        queue.offer(queued, lease.pendingWorkLimitSeconds(), maxWaitSeconds, nowNanos);
    if (admission instanceof Admission.Accepted) {
      flight.takenBy(this, lease, queued);
      waiting.put(queued, flight);
      pump(nowNanos);
    }
    return admission;
  }

  /** Hands waiting requests to the engine while it wants them. */
  void pump(long nowNanos) {
    for (@Var QueuedRequest next = queue.next(nowNanos);
        next != null;
        next = queue.next(nowNanos)) {
      InFlight flight = waiting.remove(next);
      if (flight == null) {
        throw new IllegalStateException("the queue handed out a request that is not waiting");
      }
      engine.start(flight, nowNanos);
    }
  }

  /** The engine computed the prompt. */
  void prefilled(InFlight flight, PromptPrefix prefix, double seconds, long nowNanos) {
    requests++;
    workSeconds += seconds;
    queue.prefilled(flight.queued(), nowNanos);
    activity.prefilled(prefix, flight.cachedTokens, nowNanos);
    long mark = engine.evictedTouchNanos();
    if (mark != markNanos) {
      markNanos = mark;
      activity.evicted(mark);
    }
  }

  void finished(InFlight flight, PromptPrefix prefix, long nowNanos) {
    activity.finished(prefix, flight.outputTokens, nowNanos);
  }

  /**
   * Dies; stays in the routers' view until {@code lossNanos}. Returns all requests it held, in the
   * order of the trace.
   */
  List<InFlight> kill(long nowNanos, long lossNanos) {
    alive = false;
    this.diedNanos = nowNanos;
    this.lossNanos = lossNanos;
    wakeNanos = Long.MAX_VALUE;
    List<InFlight> all = new ArrayList<>(waiting.values());
    all.addAll(engine.abort());
    waiting.clear();
    all.sort(Comparator.comparingInt(flight -> flight.request));
    return all;
  }

  /** Whether routers still see it. */
  boolean isVisible(long nowNanos) {
    return alive || nowNanos < lossNanos;
  }

  /** Its report now, or its last one when it is dead. */
  FleetView.Observed observe(long nowNanos, long receivedNanos) {
    if (alive) {
      lastReport = new FleetView.Observed(report(nowNanos), receivedNanos);
    }
    return lastReport;
  }

  private ReplicaReport report(long nowNanos) {
    int waitingRequests = queue.waitingRequests();
    return new ReplicaReport(
        identity,
        1,
        ++sequence,
        ReplicaReport.State.READY,
        (nowNanos - joinedNanos) / NANOS_PER_SECOND,
        new ReplicaReport.Load(
            queue.pendingPrefillTokens(nowNanos),
            queue.pendingWorkSeconds(nowNanos),
            engine.requests(),
            waitingRequests,
            0),
        activity.cache(engine.usedTokens(), nowNanos),
        speed,
        activity.families(nowNanos),
        activity.anchors(nowNanos),
        activity.totals());
  }
}
