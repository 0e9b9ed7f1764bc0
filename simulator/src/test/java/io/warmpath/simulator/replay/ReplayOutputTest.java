package io.warmpath.simulator.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.replica.ReplicaQueue;
import io.warmpath.simulator.trace.TraceGenerator;
import io.warmpath.simulator.trace.TraceProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The table, the JSON and the page of a small replay, and a capacity search over it. */
final class ReplayOutputTest {

  private static final Workload WORKLOAD =
      Workload.of(TraceGenerator.generate(TraceProfile.CHAT, 600, 20, 1));

  @TempDir private Path folder;

  private static ReplayOptions options(double speed) {
    return new ReplayOptions(
        ReplayOptions.Cluster.linear(4, 100_000, new PrefillSpeed(20_000, 0.005), 0.015),
        2,
        new ReplayOptions.Reports(0.25, 1, 6),
        speed,
        false,
        0.1,
        List.of());
  }

  private static ReplayPolicy policy(String name) {
    return ReplayPolicies.of(name, PlacementConfig.DEFAULT, ReplicaQueue.Order.VIRTUAL_DEADLINE);
  }

  private static List<ReplayResult> results() throws InterruptedException {
    List<ReplayBatch.Job> jobs = new ArrayList<>();
    for (double speed : new double[] {1, 2}) {
      for (String name : List.of("round-robin", "warmpath")) {
        jobs.add(new ReplayBatch.Job(policy(name), options(speed), 7));
      }
    }
    return ReplayBatch.run(WORKLOAD, jobs, 2, () -> {});
  }

  @Test
  void batch_givesResultsInTheOrderOfItsJobs() throws InterruptedException {
    assertThat(results())
        .extracting(each -> each.run().policy() + " " + each.run().speed())
        .containsExactly("round-robin 1.0", "warmpath 1.0", "round-robin 2.0", "warmpath 2.0");
  }

  @Test
  void json_hasTheShapeOfTheDemo() throws IOException, InterruptedException {
    List<ReplayResult> results = results();
    Path file = folder.resolve("r.json");
    ReplayJson.write(results, file);
    JsonNode runs = new ObjectMapper().readTree(file.toFile()).get("runs");
    assertThat(runs).hasSize(4);
    JsonNode run = runs.get(1);
    assertThat(run.get("policy").asText()).isEqualTo("warmpath");
    assertThat(run.get("requests").asInt()).isEqualTo(600);
    assertThat(run.get("errors").asInt()).isZero();
    assertThat(run.get("tokenHitRate").asDouble())
        .isCloseTo(results.get(1).tokenHitRate(), within(1e-9));
    assertThat(run.get("ttftSeconds").get("p95").asDouble())
        .isCloseTo(results.get(1).ttftSeconds(95), within(1e-9));
    assertThat(run.get("ttftSeconds").fieldNames())
        .toIterable()
        .containsExactly("mean", "p50", "p95", "p99");
    for (String field :
        List.of(
            "requestsMaxOverMean",
            "workMaxOverMean",
            "seed",
            "routers",
            "speed",
            "wallSeconds",
            "refused",
            "sloRequests",
            "sloTokens")) {
      assertThat(run.get(field).isNumber()).as(field).isTrue();
    }
  }

  @Test
  void table_hasARowForEachPolicyAndSpeed() throws InterruptedException {
    assertThat(ReplayTable.of(results()).lines())
        .extracting(line -> line.replaceAll("  .*", ""))
        .startsWith(
            "policy", "round-robin x1.0", "warmpath x1.0", "round-robin x2.0", "warmpath x2.0");
  }

  @Test
  void page_holdsAPlotOfEachKind() throws IOException, InterruptedException {
    Path file = folder.resolve("r.html");
    ReplayHtml.write(results(), file);
    String page = Files.readString(file);
    assertThat(page)
        .contains("Token hit rate against load")
        .contains("First-token times, cumulative")
        .contains("Prefill work per replica: warmpath")
        .doesNotContain("NaN");
    assertThat(page.split("<svg", -1)).hasSameSizeAs(page.split("</svg>", -1));
  }

  @Test
  void capacity_isTheHighestSpeedWithinTheTarget() {
    CapacitySearch search = new CapacitySearch(WORKLOAD, options(1), 1, 1.0, 0.05, () -> {});
    ReplayPolicy roundRobin = policy("round-robin");
    double speed = search.speed(roundRobin);
    assertThat(p95(roundRobin, speed)).isLessThanOrEqualTo(1);
    assertThat(p95(roundRobin, speed * 1.06)).isGreaterThan(1);
  }

  private static double p95(ReplayPolicy policy, double speed) {
    return Replay.run(WORKLOAD, options(speed), policy, 1, () -> {}).ttftSecondsWithRefused(95);
  }

  @Test
  void capacityReport_relatesToRoundRobin() throws IOException {
    CapacityReport report =
        new CapacityReport(
            3,
            List.of(
                new CapacityReport.Entry("round-robin", 2, 1),
                new CapacityReport.Entry("warmpath", 8, 1)));
    Path file = folder.resolve("c.json");
    report.writeJson(file);
    JsonNode runs = new ObjectMapper().readTree(file.toFile()).get("runs");
    assertThat(runs.get(1).get("capacitySpeed").asDouble()).isEqualTo(8);
    assertThat(runs.get(1).get("ratioToRoundRobin").asDouble()).isEqualTo(4);
    assertThat(report.table()).contains("4.00");
  }
}
