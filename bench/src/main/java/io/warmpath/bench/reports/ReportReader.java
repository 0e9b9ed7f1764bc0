package io.warmpath.bench.reports;

import com.google.errorprone.annotations.Var;
import com.sun.management.OperatingSystemMXBean;
import io.warmpath.membership.Directory;
import io.warmpath.membership.MembershipClient;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * The process whose CPU is measured: a router's directory with a listener that only looks at the
 * first replica. For each line on its input it prints one with what happened since the last.
 */
public final class ReportReader {

  private final OperatingSystemMXBean system =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private final List<Long> lagNanos = new ArrayList<>();
  private long probedSequence;
  private volatile int fleetSize;

  private ReportReader() {}

  /** Arguments: connect string of ZooKeeper, id of the router. */
  public static void main(String[] arguments) throws IOException {
    new ReportReader().read(arguments[0], arguments[1]);
  }

  private void read(String connectString, String routerId) throws IOException {
    try (MembershipClient client = MembershipClient.connect(ZooKeeperSettings.of(connectString));
        Directory directory = Directory.open(client, Ticker.system(), routerId, this::observe);
        BufferedReader commands =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      @Var Counts before = counts(directory);
      while (commands.readLine() != null) {
        Counts now = counts(directory);
        System.out.println(now.since(before, takeLag(), fleetSize));
        before = now;
      }
    }
  }

  /* The first report of a view carries when it was announced; both processes share one clock. */
  private void observe(FleetView view) {
    fleetSize = view.replicas().size();
    if (view.replicas().isEmpty()) {
      return;
    }
    ReplicaReport probe = view.replicas().getFirst().report();
    if (probe.sequence() != probedSequence) {
      probedSequence = probe.sequence();
      synchronized (lagNanos) {
        lagNanos.add(System.nanoTime() - probe.totals().requests());
      }
    }
  }

  private List<Long> takeLag() {
    synchronized (lagNanos) {
      List<Long> taken = new ArrayList<>(lagNanos);
      lagNanos.clear();
      Collections.sort(taken);
      return taken;
    }
  }

  private Counts counts(Directory directory) {
    return new Counts(
        System.nanoTime(),
        system.getProcessCpuTime(),
        directory.views(),
        directory.reads(),
        directory.readBytes());
  }

  private record Counts(long wallNanos, long cpuNanos, long views, long reads, long bytes) {

    String since(Counts before, List<Long> lag, int fleetSize) {
      double seconds = (wallNanos - before.wallNanos) / 1e9;
      return String.format(
          Locale.ROOT,
          "%.4f %.1f %.1f %.1f %.1f %.1f %d",
          (cpuNanos - before.cpuNanos) / 1e9 / seconds,
          (views - before.views) / seconds,
          (reads - before.reads) / seconds,
          (bytes - before.bytes) / seconds,
          quantileMillis(lag, 0.5),
          quantileMillis(lag, 0.99),
          fleetSize);
    }

    private static double quantileMillis(List<Long> sorted, double quantile) {
      return sorted.isEmpty() ? 0 : sorted.get((int) (quantile * (sorted.size() - 1))) / 1e6;
    }
  }
}
