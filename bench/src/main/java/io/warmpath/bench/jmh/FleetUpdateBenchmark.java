package io.warmpath.bench.jmh;

import io.warmpath.routing.FleetView;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Placements;
import io.warmpath.routing.Policy;
import java.util.concurrent.TimeUnit;
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
 * What it costs the updating thread to take a view of the fleet, a few times a second. Expected:
 * linear in the fleet.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
@State(Scope.Thread)
public class FleetUpdateBenchmark {

  /** Replicas in the fleet. */
  @Param({"8", "64", "512", "4096"})
  public int replicas;

  private final Placement placement =
      Placements.create(Policy.WARMPATH, PlacementConfig.DEFAULT, () -> 0, 1);

  private FleetView view = FleetView.EMPTY;

  /** Makes the view. */
  @Setup
  public void makeView() {
    view = Traffic.view(replicas, 0);
  }

  /** A view with no news in it: the least that any view costs. */
  @Benchmark
  public void update() {
    placement.update(view);
  }
}
