package io.warmpath.hashing;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What runs for each request leaves nothing to collect. */
final class AllocationTest {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static final int WARM_UP = 2_000;
  private static final int CALLS = 10_000;

  @BeforeAll
  static void measurementWorks() {
    byte[][] kept = new byte[CALLS][];
    assertThat(allocatedBytes(i -> kept[i % CALLS] = new byte[16])).isGreaterThan(16L * CALLS);
  }

  @Test
  void chainTokens_intoCallersArray_allocatesNothing() {
    int[] tokens = new SplittableRandom(1).ints(4096).toArray();
    long[] hashes = new long[32];
    assertNoAllocation(i -> PrefixHasher.chainTokens(i, tokens, 4096, 128, hashes));
  }

  @Test
  void chainBytes_intoCallersArray_allocatesNothing() {
    byte[] bytes = new byte[16_384];
    long[] hashes = new long[32];
    assertNoAllocation(i -> PrefixHasher.chainBytes(i, bytes, 0, bytes.length, 512, hashes));
  }

  @Test
  void seedAndMix_allocateNothing() {
    long[] sum = new long[1];
    assertNoAllocation(i -> sum[0] += PrefixHasher.seed("model", "adapter", "salt"));
    assertNoAllocation(i -> sum[0] += PrefixHasher.mix(sum[0], i));
  }

  @Test
  void byteChain_reused_allocatesNothing() {
    byte[] bytes = new byte[1000];
    ByteChain chain = new ByteChain(1, 512, 1024);
    assertNoAllocation(i -> {
      chain.reset(i);
      for (int piece = 0; piece < 20; piece++) {
        chain.update(bytes, 0, bytes.length);
      }
    });
  }

  @Test
  void orders_first_allocateNothing() {
    int[] out = new int[300];
    for (int nodes : new int[] {8, 300}) {
      double[] weights = new SplittableRandom(2).doubles(nodes, 0.5, 2).toArray();
      ConsistentOrder rendezvous = RendezvousOrder.of(ConsistentOrderContract.ids(nodes), weights);
      ConsistentOrder ring = RingOrder.of(ConsistentOrderContract.ids(nodes), weights, 40);
      assertNoAllocation(i -> rendezvous.first(Hash.pair(1, i), 1 + i % nodes, out));
      assertNoAllocation(i -> ring.first(Hash.pair(1, i), 1 + i % nodes, out));
    }
  }

  @Test
  void sketch_addAndShare_allocateNothing() {
    DecayedSpaceSaving sketch = new DecayedSpaceSaving(256, 1_000_000, 0);
    double[] sum = new double[1];
    long[] top = new long[8];
    assertNoAllocation(i -> {
      sketch.add(i * 31L % 1000, i, i * 10_000L);
      sum[0] += sketch.shareAtMost(i) + sketch.shareAtLeast(i);
      sum[0] += sketch.top(top);
    });
  }

  @Test
  void boundedLoad_allocatesNothing() {
    BoundedLoad bound = new BoundedLoad(1.25, 1);
    double[] weights = {1, 2, 3, 4};
    long[] caps = new long[4];
    assertNoAllocation(i -> bound.requestCaps(i, weights, caps));
  }

  private static void assertNoAllocation(IntConsumer call) {
    assertThat(allocatedBytes(call)).as("bytes in %d calls", CALLS).isLessThan(CALLS);
  }

  private static long allocatedBytes(IntConsumer call) {
    for (int i = 0; i < WARM_UP; i++) {
      call.accept(i);
    }
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < CALLS; i++) {
      call.accept(WARM_UP + i);
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }
}
