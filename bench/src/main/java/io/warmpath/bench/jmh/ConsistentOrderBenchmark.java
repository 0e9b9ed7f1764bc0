package io.warmpath.bench.jmh;

import io.warmpath.hashing.ConsistentOrder;
import io.warmpath.hashing.RendezvousOrder;
import io.warmpath.hashing.RingOrder;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
 * What it costs to order the replicas for a key. Expected: rendezvous hashing is linear in the
 * fleet with a few nanoseconds a replica; the ring hardly depends on it, but costs more to build.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
@State(Scope.Thread)
public class ConsistentOrderBenchmark {

  private static final int KEYS = 1 << 16;

  /** Which order. */
  public enum Kind {
    /** {@link RendezvousOrder}. */
    RENDEZVOUS,
    /** {@link RingOrder} with its default number of points. */
    RING;

    ConsistentOrder build(List<String> ids, double[] weights) {
      return switch (this) {
        case RENDEZVOUS -> RendezvousOrder.of(ids, weights);
        case RING -> RingOrder.of(ids, weights, RingOrder.DEFAULT_POINTS);
      };
    }
  }

  /** The order under test. */
  @Param({"RENDEZVOUS", "RING"})
  public Kind kind = Kind.RENDEZVOUS;

  /** Replicas in the fleet. */
  @Param({"8", "64", "512", "4096"})
  public int replicas;

  private final long[] keys = new SplittableRandom(1).longs(KEYS).toArray();
  private List<String> ids = List.of();
  private double[] weights = {};
  private ConsistentOrder order = RendezvousOrder.of(ids, weights);
  private int[] out = {};
  private int next;

  /** Builds a fleet of unequal weights. */
  @Setup
  public void build() {
    ids = IntStream.range(0, replicas).mapToObj(i -> "replica-" + i).toList();
    weights = new SplittableRandom(2).doubles(replicas, 0.25, 1).toArray();
    order = kind.build(ids, weights);
    out = new int[replicas];
  }

  /** The owner and three more. */
  @Benchmark
  public int firstFour() {
    order.first(nextKey(), 4, out);
    return out[0];
  }

  /** The order of the whole fleet. */
  @Benchmark
  public int all() {
    order.first(nextKey(), replicas, out);
    return out[0];
  }

  /** A new order, once a change of the fleet. */
  @Benchmark
  public ConsistentOrder rebuild() {
    return kind.build(ids, weights);
  }

  private long nextKey() {
    next = (next + 1) & (KEYS - 1);
    return keys[next];
  }
}
