package io.warmpath.bench.jmh;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Lease;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Placements;
import io.warmpath.routing.Policy;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Prints what a router's placement keeps of families: the heap in use after so many families were
 * placed once, less the heap of an empty placement.
 */
public final class FamilyMemory {

  private static final int REPLICAS = 64;
  private static final int PROMPT_TOKENS = 8192;
  private static final int COLLECTIONS = 3;
  private static final long GAP_NANOS = 1_000_000;

  private FamilyMemory() {}

  /** Takes numbers of families; 1,000 to 1,000,000 by tens when none is given. */
  public static void main(String... args) {
    String[] counts = args.length > 0 ? args : new String[] {"1000", "10000", "100000", "1000000"};
    print(
        "%9s %12s %12s %14s %14s%n",
        "families", "anchors", "heap MiB", "bytes a family", "an anchor");
    for (String count : counts) {
      measure(Integer.parseInt(count));
    }
  }

  private static void measure(int families) {
    AtomicLong nowNanos = new AtomicLong();
    Traffic traffic = new Traffic(PROMPT_TOKENS);
    long before = usedHeap();
    Placement placement =
        Placements.create(Policy.WARMPATH, PlacementConfig.DEFAULT, nowNanos::get, 1);
    placement.update(Traffic.view(REPLICAS, 0));
    for (@Var int family = 0; family < families; family++) {
      nowNanos.addAndGet(GAP_NANOS);
      if (placement.picker().pick(traffic.request(family, 0))
          instanceof PickResult.Assigned(Lease lease)) {
        lease.firstToken();
        lease.close(new Lease.Outcome.Completed(PROMPT_TOKENS, 0, 1));
      }
      if (family % 1000 == 999) {
        placement.update(Traffic.view(REPLICAS, 0));
      }
    }
    long heap = usedHeap() - before;
    long anchors = placement.counters().anchors();
    print(
        "%,9d %,12d %12.1f %14.0f %14.0f%n",
        families,
        anchors,
        heap / (double) (1 << 20),
        (double) heap / families,
        (double) heap / Math.max(1, anchors));
  }

  private static long usedHeap() {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
    }
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  @FormatMethod
  private static void print(String format, Object... values) {
    System.out.printf(Locale.ROOT, format, values);
  }
}
