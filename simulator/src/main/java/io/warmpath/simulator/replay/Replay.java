package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.Lease;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.replica.Admission;
import io.warmpath.simulator.trace.TraceRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One replay of a workload under one policy: a discrete-event loop in virtual time. Routers and
 * agents run the code of the routing module; only the engines are models. One thread.
 */
public final class Replay {

  /*
   * An event is a time and a payload: its kind in the upper half, a number in the lower one (a
   * request, a replica, an index of a fleet event). Requests that come at one time are handled in
   * the order of the trace. A request ends in exactly one of four ways: completed, refused, failed
   * (no replica took it), or cut (its replica died after the first token).
   */
  private static final long ARRIVAL = 0;
  private static final long WAKE = 1;
  private static final long REPORT = 2;
  private static final long VIEW = 3;
  private static final long FLEET = 4;

  /** Placements of one request that replicas may refuse; the last one carries no limit. */
  private static final int MAX_ATTEMPTS = 3;

  /** Placements on dead replicas after which a request has failed. */
  private static final int MAX_FAILURES = 8;

  private static final double NANOS_PER_SECOND = 1e9;

  private final Workload workload;
  private final ReplayOptions options;
  private final ReplayPolicy policy;
  private final long seed;
  private final EventQueue events = new EventQueue();
  private final SimulatedFleet fleet;
  private final List<Placement> routers = new ArrayList<>();
  private final Measures measures = new Measures();
  private final EngineListener engineListener = new EngineListener();
  private final List<List<Integer>> nextTurns;
  private final int[] routerOfRequest;
  private final PrefillSpeed prefill;
  private final Progress progress;
  private final ArrayDeque<List<FleetView.Observed>> viewsOnTheWay = new ArrayDeque<>();
  private final SplittableRandom fleetRandom;
  private @Var long nowNanos;
  private @Var int ended;
  private @Var int placing = -1;

  private Replay(
      Workload workload, ReplayOptions options, ReplayPolicy policy, long seed, Progress progress) {
    this.workload = workload;
    this.options = options;
    this.policy = policy;
    this.seed = seed;
    this.progress = progress;
    this.prefill = options.cluster().prefill();
    this.fleet =
        new SimulatedFleet(
            options.cluster().withCacheFor(workload.cacheableTokens()),
            policy,
            workload.trace().blockTokens());
    SplittableRandom random = new SplittableRandom(StepHashes.mix(seed, 1));
    this.routerOfRequest = new int[workload.size()];
    for (int i = 0; i < routerOfRequest.length; i++) {
      routerOfRequest[i] = random.nextInt(options.routers());
    }
    for (int i = 0; i < options.routers(); i++) {
      routers.add(
          policy
              .factory()
              .create(
                  new ReplayPolicy.Router(
                      i,
                      () -> nowNanos,
                      StepHashes.mix(seed, 2 + i),
                      prefill,
                      this::exactlyCachedTokens)));
    }
    this.fleetRandom = new SplittableRandom(StepHashes.mix(seed, -1));
    this.nextTurns = options.closedLoop() ? turnsByParent() : List.of();
  }

  /** Hears how a replay goes on. */
  @FunctionalInterface
  public interface Progress {
    /** One more request has ended. */
    void requestEnded();
  }

  /** Replays {@code workload} once. */
  public static ReplayResult run(
      Workload workload, ReplayOptions options, ReplayPolicy policy, long seed, Progress progress) {
    long startNanos = System.nanoTime();
    Replay replay = new Replay(workload, options, policy, seed, progress);
    replay.loop();
    double wallSeconds = (System.nanoTime() - startNanos) / NANOS_PER_SECOND;
    return replay.result(wallSeconds);
  }

  private void loop() {
    scheduleArrivals();
    publish(fleet.observe(nowNanos, nowNanos));
    if (options.reports().periodSeconds() > 0) {
      events.add(nanos(options.reports().periodSeconds()), REPORT << 32);
    }
    while (ended < workload.size()) {
      long time = events.firstNanos();
      if (time == Long.MAX_VALUE) {
        throw new IllegalStateException((workload.size() - ended) + " requests never ended");
      }
      nowNanos = time;
      handle(events.poll());
    }
  }

  private void scheduleArrivals() {
    long[] arrivals = Arrivals.nanos(workload.trace(), options.speed(), seed);
    @Var long lastNanos = 0;
    for (int i = 0; i < arrivals.length; i++) {
      TraceRequest.Turn turn = workload.requests().get(i).turn();
      if (!options.closedLoop() || turn == null || turn.parent() < 0) {
        events.add(arrivals[i], (ARRIVAL << 32) | i);
      }
      lastNanos = Math.max(lastNanos, arrivals[i]);
    }
    for (int i = 0; i < options.events().size(); i++) {
      ReplayOptions.FleetEvent event = options.events().get(i);
      double nanos = event.atSeconds() * (event.relative() ? lastNanos : NANOS_PER_SECOND);
      events.add(Math.round(nanos), (FLEET << 32) | i);
    }
  }

  private void handle(long payload) {
    int number = (int) payload;
    switch ((int) (payload >>> 32)) {
      case (int) ARRIVAL -> arrive(number);
      case (int) WAKE -> wake(fleet.replicas().get(number));
      case (int) REPORT -> report();
      case (int) VIEW -> publish(viewsOnTheWay.remove());
      case (int) FLEET -> change(options.events().get(number));
      default -> throw new IllegalStateException("event " + payload);
    }
  }

  private void arrive(int request) {
    InFlight flight = new InFlight(request, routerOfRequest[request], workload, nowNanos);
    if (isMeasured(request)) {
      measures.arrived(flight.promptTokens);
    }
    if (!fleet.fits(flight)) {
      fail(flight);
      return;
    }
    if (options.reports().periodSeconds() == 0) {
      publish(fleet.observe(nowNanos, nowNanos));
    }
    place(flight);
  }

  /** Finds a replica that takes the request, or ends it. */
  private void place(InFlight flight) {
    PromptPrefix prefix = workload.prefix(flight.request);
    Placement router = routers.get(flight.router);
    placing = flight.request;
    @Var
    PickRequest pick =
        new PickRequest(prefix, workload.session(flight.request), null, List.of(), 1);
    while (true) {
      measures.picks++;
      switch (router.picker().pick(pick)) {
        case PickResult.Rejected rejected -> {
          rejected(flight, rejected);
          return;
        }
        case PickResult.Assigned assigned -> {
          PickRequest next = offer(flight, assigned.lease(), pick);
          if (next == null) {
            return;
          }
          pick = next;
        }
      }
    }
  }

  private void rejected(InFlight flight, PickResult.Rejected rejected) {
    switch (rejected.reason()) {
      case OVERLOADED, EXHAUSTED -> refuse(flight);
      case NO_READY_REPLICA, CONSTRAINTS_UNSATISFIABLE -> fail(flight);
    }
  }

  /** Offers the request to the leased replica; returns the next try, or null when none is due. */
  private @Nullable PickRequest offer(InFlight flight, Lease lease, PickRequest pick) {
    SimulatedReplica replica = fleet.byId(lease.replica().id());
    if (!replica.isAlive()) {
      lease.close(new Lease.Outcome.Failed());
      if (++flight.failures >= MAX_FAILURES) {
        fail(flight);
        return null;
      }
      return pick.retryWithout(replica.id());
    }
    return switch (replica.offer(flight, lease, policy.maxWaitSeconds(), nowNanos)) {
      case Admission.Accepted accepted -> {
        lease.accepted(accepted.pendingWorkSeconds());
        measures.accepted(lease.reason());
        scheduleWake(replica);
        yield null;
      }
      case Admission.Refused refused -> {
        lease.close(new Lease.Outcome.Refused(refused.pendingWorkSeconds()));
        measures.refusals++;
        if (pick.attempt() >= MAX_ATTEMPTS) {
          refuse(flight);
          yield null;
        }
        yield pick.retry();
      }
    };
  }

  private void wake(SimulatedReplica replica) {
    if (replica.wakeNanos != nowNanos) {
      return;
    }
    replica.wakeNanos = Long.MAX_VALUE;
    replica.engine().advance(nowNanos, engineListener);
    replica.pump(nowNanos);
    scheduleWake(replica);
  }

  private void scheduleWake(SimulatedReplica replica) {
    long next = replica.engine().nextEventNanos();
    if (next < replica.wakeNanos) {
      replica.wakeNanos = next;
      events.add(next, (WAKE << 32) | replica.number());
    }
  }

  private void report() {
    ReplayOptions.Reports reports = options.reports();
    long delivered = nowNanos + nanos(reports.ageSeconds());
    viewsOnTheWay.add(fleet.observe(nowNanos, delivered));
    events.add(delivered, VIEW << 32);
    events.add(nowNanos + nanos(reports.periodSeconds()), REPORT << 32);
  }

  private void publish(List<FleetView.Observed> replicas) {
    for (int i = 0; i < routers.size(); i++) {
      routers.get(i).update(new FleetView(replicas, routers.size(), i));
    }
  }

  private void change(ReplayOptions.FleetEvent event) {
    for (int i = 0; i < event.count(); i++) {
      switch (event.kind()) {
        case JOIN -> fleet.join(nowNanos);
        case KILL -> kill(fleet.drawAlive(fleetRandom));
      }
    }
  }

  private void kill(@Nullable SimulatedReplica replica) {
    if (replica == null) {
      return;
    }
    List<InFlight> lost = replica.kill(nowNanos, nowNanos + nanos(options.reports().lossSeconds()));
    for (InFlight flight : lost) {
      flight.lease().close(new Lease.Outcome.Failed());
      if (flight.streaming) {
        measures.cutStreams++;
        end(flight);
      } else if (++flight.failures >= MAX_FAILURES) {
        fail(flight);
      } else {
        measures.replaced++;
        place(flight);
      }
    }
  }

  private void refuse(InFlight flight) {
    measures.refused++;
    if (isMeasured(flight.request)) {
      measures.measuredRefused++;
    }
    end(flight);
  }

  private void fail(InFlight flight) {
    measures.errors++;
    end(flight);
  }

  private void end(InFlight flight) {
    ended++;
    progress.requestEnded();
    if (!options.closedLoop()) {
      return;
    }
    TraceRequest before = workload.requests().get(flight.request);
    double serviceSeconds =
        prefill.seconds(before.promptTokens())
            + before.outputTokens() * options.cluster().decodeTokenSeconds();
    for (int next : nextTurns.get(flight.request)) {
      long think = Arrivals.thinkNanos(workload.requests().get(next), before, serviceSeconds);
      events.add(nowNanos + think, (ARRIVAL << 32) | next);
    }
  }

  private boolean isMeasured(int request) {
    return request >= options.warmup() * workload.size();
  }

  private int exactlyCachedTokens(String replicaId, PromptPrefix prefix) {
    if (placing < 0 || prefix != workload.prefix(placing)) {
      throw new IllegalStateException("the oracle knows only the request that is being placed");
    }
    SimulatedReplica replica = fleet.byId(replicaId);
    return replica.isAlive()
        ? replica.engine().cachedTokens(workload.blocks(placing), prefix.promptTokens())
        : 0;
  }

  private List<List<Integer>> turnsByParent() {
    List<List<Integer>> turns = new ArrayList<>();
    for (int i = 0; i < workload.size(); i++) {
      turns.add(new ArrayList<>(0));
      TraceRequest.Turn turn = workload.requests().get(i).turn();
      if (turn != null && turn.parent() >= 0) {
        turns.get(turn.parent()).add(i);
      }
    }
    return turns;
  }

  private static long nanos(double seconds) {
    return Math.round(seconds * NANOS_PER_SECOND);
  }

  private ReplayResult result(double wallSeconds) {
    return ReplayResult.of(
        new ReplayResult.Run(policy.name(), seed, options.routers(), options.speed(), wallSeconds),
        measures,
        workload.hottestShare(),
        fleet.replicas(),
        nowNanos);
  }

  /** What the engines tell goes to the agent, the router and the measures. */
  private final class EngineListener implements ReplicaEngine.Listener {

    @Override
    public void firstToken(InFlight flight, int cachedTokens, double workSeconds, long atNanos) {
      PromptPrefix prefix = workload.prefix(flight.request);
      flight.streaming = true;
      flight.cachedTokens = cachedTokens;
      flight.replica().prefilled(flight, prefix, workSeconds, atNanos);
      flight.lease().firstToken();
      measures.prefilled(flight.promptTokens, cachedTokens);
      if (isMeasured(flight.request)) {
        measures.firstToken(
            flight.promptTokens,
            (atNanos - flight.arrivalNanos) / NANOS_PER_SECOND,
            prefill.seconds(flight.promptTokens),
            workload.isOfHottestFamily(flight.request));
      }
    }

    @Override
    public void completed(InFlight flight, long atNanos) {
      flight.replica().finished(flight, workload.prefix(flight.request), atNanos);
      flight
          .lease()
          .close(
              new Lease.Outcome.Completed(
                  flight.promptTokens, flight.cachedTokens, flight.outputTokens));
      measures.completed++;
      end(flight);
    }
  }
}
