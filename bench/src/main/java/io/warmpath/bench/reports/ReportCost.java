package io.warmpath.bench.reports;

import com.google.errorprone.annotations.Var;
import com.sun.management.OperatingSystemMXBean;
import io.warmpath.membership.Announcer;
import io.warmpath.membership.EmbeddedZooKeeper;
import io.warmpath.membership.MembershipClient;
import io.warmpath.membership.RecordCodec;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Measures what the reports of a fleet cost: this process holds an embedded ZooKeeper and all
 * agents' announcers, and each router is a process of its own ({@link ReportReader}).
 *
 * <p>Expected: writes grow with replicas / period; a router reads each report once, in views at
 * least 20 ms apart, and spends its CPU on reading and decoding.
 */
public final class ReportCost {

  private static final int WARM_UP_SECONDS = 25;
  private static final int MEASURE_SECONDS = 15;

  /** Connections that the announcers share; in a real fleet each agent has its own. */
  private static final int CLIENTS = 8;

  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private ReportCost() {}

  /** One row: so many replicas, milliseconds between reports, anchors in each, routers. */
  private record Load(int replicas, int periodMillis, int anchors, int routers) {}

  /** Runs all loads and prints a Markdown table; no arguments. */
  public static void main(String[] arguments) throws Exception {
    System.out.println(
        "| replicas | period ms | bytes a report | routers | writes/s | written KiB/s |"
            + " superseded/s | ZooKeeper and agents: percent of a core | router: views/s | reads/s"
            + " | read KiB/s | percent of a core | age p50 / p99 ms |");
    System.out.println("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (Load load :
        List.of(
            new Load(1, 250, 24, 1),
            new Load(64, 250, 24, 1),
            new Load(500, 1_000, 0, 1),
            new Load(500, 500, 24, 1),
            new Load(500, 250, 24, 1),
            new Load(500, 500, 128, 1),
            new Load(500, 500, 24, 3))) {
      System.out.println(measure(load));
    }
  }

  private static String measure(Load load) throws Exception {
    Path dataDir = Files.createTempDirectory("warmpath-report-cost");
    try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.start(dataDir, 0);
        Fleet fleet = new Fleet(zooKeeper.connectString(), load)) {
      List<Reader> readers = new ArrayList<>();
      try {
        for (int i = 0; i < load.routers; i++) {
          readers.add(new Reader(zooKeeper.connectString(), "router-" + i));
        }
        TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
        readers.forEach(Reader::sample);
        Counts before = fleet.counts();
        TimeUnit.SECONDS.sleep(MEASURE_SECONDS);
        Counts after = fleet.counts();
        return row(load, fleet.bytesEach(), before, after, readers);
      } finally {
        readers.forEach(Reader::close);
      }
    }
  }

  private static String row(
      Load load, int bytesEach, Counts before, Counts after, List<Reader> readers) {
    double seconds = (after.wallNanos - before.wallNanos) / 1e9;
    double writes = (after.written - before.written) / seconds;
    @Var double cpu = 0;
    @Var double[] sample = new double[0];
    for (Reader reader : readers) {
      sample = reader.sample();
      cpu += sample[0] / readers.size();
      if ((int) sample[6] != load.replicas) {
        throw new IllegalStateException("a router saw " + (int) sample[6] + " replicas");
      }
    }
    return String.format(
        Locale.ROOT,
        "| %d | %d | %d | %d | %.0f | %.0f | %.1f | %.1f | %.0f | %.0f | %.0f | %.1f | %.0f / %.0f"
            + " |",
        load.replicas,
        load.periodMillis,
        bytesEach,
        load.routers,
        writes,
        writes * bytesEach / 1_024,
        (after.superseded - before.superseded) / seconds,
        (after.cpuNanos - before.cpuNanos) / 1e7 / seconds,
        sample[1],
        sample[2],
        sample[3] / 1_024,
        cpu * 100,
        sample[4],
        sample[5]);
  }

  private record Counts(long wallNanos, long cpuNanos, long written, long superseded) {}

  /** All agents' announcers, each reporting at its own phase of the period. */
  private static final class Fleet implements AutoCloseable {

    private final List<MembershipClient> clients = new ArrayList<>();
    private final List<Announcer<ReplicaReport>> announcers = new ArrayList<>();
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
    private final int bytesEach;

    Fleet(String connectString, Load load) {
      bytesEach = RecordCodec.encode(report(0, load.anchors, 1)).length;
      for (int i = 0; i < Math.min(CLIENTS, load.replicas); i++) {
        clients.add(MembershipClient.connect(ZooKeeperSettings.of(connectString)));
      }
      for (int i = 0; i < load.replicas; i++) {
        Announcer<ReplicaReport> announcer = Announcer.forReplica(clients.get(i % clients.size()));
        announcers.add(announcer);
        int replica = i;
        AtomicLong sequence = new AtomicLong();
        ScheduledFuture<?> _ =
            timer.scheduleAtFixedRate(
                () -> announcer.announce(report(replica, load.anchors, sequence.incrementAndGet())),
                (long) i * load.periodMillis * 1_000 / load.replicas,
                load.periodMillis * 1_000L,
                TimeUnit.MICROSECONDS);
      }
    }

    int bytesEach() {
      return bytesEach;
    }

    Counts counts() {
      return new Counts(
          System.nanoTime(),
          SYSTEM.getProcessCpuTime(),
          announcers.stream().mapToLong(Announcer::written).sum(),
          announcers.stream().mapToLong(Announcer::coalesced).sum());
    }

    @Override
    public void close() {
      timer.shutdownNow();
      clients.forEach(MembershipClient::close);
    }
  }

  private static ReplicaReport report(int replica, int anchors, long sequence) {
    List<ReplicaReport.FamilyShare> families = new ArrayList<>();
    for (int i = 1; i <= RecordCodec.MAX_FAMILIES; i++) {
      families.add(new ReplicaReport.FamilyShare(0x9E37_79B9_7F4A_7C15L * i, 0.1, 0.1));
    }
    long[] hashes = new long[anchors];
    int[] ageMillis = new int[anchors];
    for (int i = 0; i < anchors; i++) {
      hashes[i] = 0xC2B2_AE3D_27D4_EB4FL * (sequence * 31 + i + 1);
      ageMillis[i] = (anchors - i) * 20;
    }
    return new ReplicaReport(
        new ReplicaReport.Identity(
            "vllm-llama-7d9c5b6f4-" + (10_000 + replica),
            "10.11.12.13:9000",
            List.of(
                new ReplicaReport.ServedModel(
                    "meta-llama/Llama-3.1-8B-Instruct", 131_072, List.of())),
            Map.of("zone", "eu-west-1a", "gpu", "h100"),
            1),
        1_763_726_934_512L,
        sequence,
        ReplicaReport.State.READY,
        3_600.25,
        new ReplicaReport.Load(48_211, 0.964, 37, 5, 0.61),
        new ReplicaReport.Cache(212_480, 467_280, 16, 390_112, 184.5),
        new PrefillSpeed(50_505.05, 0.0125),
        families,
        new RecentAnchors(hashes, ageMillis),
        // The reader takes the number of requests for the moment of the report.
        new ReplicaReport.Totals(81_222_144, 140_112_640, System.nanoTime()));
  }

  /** A router's process. */
  private static final class Reader {

    private final Process process;
    private final PrintWriter commands;
    private final BufferedReader samples;

    Reader(String connectString, String routerId) throws IOException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
      command.addAll(
          List.of(
              "-cp",
              System.getProperty("java.class.path"),
              ReportReader.class.getName(),
              connectString,
              routerId));
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      commands = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
      samples =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** CPU share, views/s, reads/s, bytes/s, age p50 and p99 in ms, replicas; since the last. */
    double[] sample() {
      commands.println();
      try {
        String line = samples.readLine();
        if (line == null) {
          throw new IllegalStateException("a router's process ended");
        }
        return Arrays.stream(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void close() {
      commands.close();
      process.destroy();
    }
  }
}
