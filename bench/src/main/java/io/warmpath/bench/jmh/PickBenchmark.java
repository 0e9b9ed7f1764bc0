package io.warmpath.bench.jmh;

import io.warmpath.routing.FleetView;
import io.warmpath.routing.Lease;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Placements;
import io.warmpath.routing.Policy;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to place a request whose prompt is hashed already. Expected: under 20 µs at 64
 * replicas; no lock, so more threads ({@code -t 2}) place more.
 *
 * <p>Every prompt was placed once before, so that its prefix is known. Time is the number of
 * requests, at 80 % of what the fleet can compute if nothing were cached: replicas are busy and
 * differ, and few requests are refused.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
@State(Scope.Benchmark)
public class PickBenchmark {

  private static final int REQUESTS = 1 << 14;
  private static final int SESSIONS_OF_A_FAMILY = 16;
  private static final double UTILIZATION = 0.8;
  private static final int VIEW_PERIOD_REQUESTS = 1 << 10;

  /** What decides. */
  @Param({"WARMPATH"})
  public Policy policy = Policy.WARMPATH;

  /** Replicas in the fleet. */
  @Param({"8", "64", "512", "4096"})
  public int replicas;

  /** Live families; the popular ones are drawn most. */
  @Param({"1000"})
  public int families;

  /** Length of every prompt. */
  @Param({"8192"})
  public int promptTokens;

  private final AtomicLong nowNanos = new AtomicLong();
  private PickRequest[] requests = {};
  private Placement placement = newPlacement();
  private FleetView view = FleetView.EMPTY;
  private long gapNanos;

  private Placement newPlacement() {
    return Placements.create(policy, PlacementConfig.DEFAULT, nowNanos::get, 1);
  }

  /** Places every family once, then the requests that are timed. */
  @Setup
  public void warmUp() {
    double requestSeconds = promptTokens / Traffic.PREFILL_TOKENS_PER_SECOND;
    gapNanos = (long) (requestSeconds * 1e9 / replicas / UTILIZATION);
    placement = newPlacement();
    view = Traffic.view(replicas, 0);
    placement.update(view);
    Traffic traffic = new Traffic(promptTokens);
    for (int family = 0; family < families; family++) {
      place(traffic.request(family, 0), family);
    }
    SplittableRandom random = new SplittableRandom(1);
    requests = new PickRequest[REQUESTS];
    for (int i = 0; i < REQUESTS; i++) {
      long family = Traffic.drawFamily(random, families);
      requests[i] = traffic.request(family, random.nextInt(SESSIONS_OF_A_FAMILY));
      place(requests[i], i);
    }
    placement.update(view);
  }

  private void place(PickRequest request, int number) {
    if (number % VIEW_PERIOD_REQUESTS == 0) {
      placement.update(view);
    }
    nowNanos.addAndGet(gapNanos);
    if (placement.picker().pick(request) instanceof PickResult.Assigned(Lease lease)) {
      lease.firstToken();
      lease.close(completed());
    }
  }

  private Lease.Outcome completed() {
    return new Lease.Outcome.Completed(promptTokens, promptTokens / 2, 100);
  }

  /** Where one thread is in the requests. */
  @State(Scope.Thread)
  public static class Cursor {
    private int next;

    private int step() {
      next = (next + 1) & (REQUESTS - 1);
      return next;
    }
  }

  /** The decision, and the end of its lease. */
  @Benchmark
  public PickResult pick(Cursor cursor) {
    nowNanos.addAndGet(gapNanos);
    PickResult result = placement.picker().pick(requests[cursor.step()]);
    if (result instanceof PickResult.Assigned(Lease lease)) {
      lease.close(completed());
    }
    return result;
  }

  /** The same, and what is learned when the first token arrives: the prompt's anchors. */
  @Benchmark
  public PickResult pickAndRemember(Cursor cursor) {
    nowNanos.addAndGet(gapNanos);
    PickResult result = placement.picker().pick(requests[cursor.step()]);
    if (result instanceof PickResult.Assigned(Lease lease)) {
      lease.firstToken();
      lease.close(completed());
    }
    return result;
  }
}
