package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DemoCommandTest {

  @TempDir private Path directory;

  @Test
  void smallTrace_isReplayedUnderEachPolicyWithoutErrors() throws IOException {
    Path json = directory.resolve("demo.json");
    Run run =
        Run.of(
            "demo",
            "--limit=30",
            "--speed=10",
            "--replicas=2",
            "--engine-speed=20",
            "--policy=round-robin,warmpath",
            "--json=" + json);

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .containsPattern("(?m)^round-robin +30 ")
        .containsPattern("(?m)^warmpath +30 ");
    JsonNode runs = new ObjectMapper().readTree(json.toFile()).get("runs");
    assertThat(runs).hasSize(2);
    assertThat(runs.get(0).get("policy").asText()).isEqualTo("round-robin");
    JsonNode warmpath = runs.get(1);
    assertThat(warmpath.get("policy").asText()).isEqualTo("warmpath");
    assertThat(warmpath.get("requests").asInt()).isEqualTo(30);
    assertThat(warmpath.get("errors").asInt()).isZero();
    assertThat(warmpath.get("tokenHitRate").asDouble()).isBetween(0.1, 1.0);
    for (String time : new String[] {"mean", "p50", "p95", "p99"}) {
      assertThat(warmpath.at("/ttftSeconds/" + time).asDouble()).as(time).isPositive();
    }
    assertThat(warmpath.get("requestsMaxOverMean").asDouble()).isBetween(1.0, 2.0);
    assertThat(warmpath.get("workMaxOverMean").asDouble()).isBetween(1.0, 2.0);
  }
}
