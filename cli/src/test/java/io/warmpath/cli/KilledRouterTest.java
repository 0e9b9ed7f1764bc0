package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.testkit.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left of the usage that a router counted when its process is killed. */
final class KilledRouterTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern LISTENS = Pattern.compile("listens on port (\\d+)");

  private static LocalCluster cluster;

  @TempDir private Path directory;

  @BeforeAll
  static void startCluster() throws IOException, InterruptedException {
    cluster =
        LocalCluster.start(LocalClusterSettings.of(1, EngineProfile.named("8b-h100").atSpeed(100)));
    cluster.awaitReady(LIMIT);
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
  }

  /** A router in a process of its own. */
  private record Running(Process process, int port) {

    static Running start(Path directory, String period) throws IOException {
      Path config = directory.resolve("router.yaml");
      Files.writeString(
          config,
          """
          listen: 127.0.0.1:0
          http: 127.0.0.1:0
          admin: 127.0.0.1:0
          zookeeper: {connect: "%s"}
          metering: {directory: "%s", period: %s}
          """
              .formatted(cluster.zooKeeperAddress(), directory.resolve("usage"), period));
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Main.class.getName(),
                  "router",
                  "--config",
                  config.toString())
              .redirectErrorStream(true)
              .start();
      return new Running(process, port(process));
    }

    /* The pipe is small, and what a router says later than this fits into it. */
    private static int port(Process process) throws IOException {
      BufferedReader out = process.inputReader();
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        Matcher listens = LISTENS.matcher(line);
        if (listens.find()) {
          return Integer.parseInt(listens.group(1));
        }
      }
      throw new AssertionError("the router ended");
    }

    String address() {
      return "127.0.0.1:" + port;
    }

    boolean serves() {
      return Run.of("generate", "--router", address(), "--prompt", "Why?", "--max-tokens", "2")
              .exitCode()
          == 0;
    }

    JsonNode total() throws IOException {
      Run run = Run.of("usage", "--json", "--router", address());
      assertThat(run.exitCode()).as(run.err()).isZero();
      return JSON.readTree(run.out()).get("total");
    }
  }

  @Test
  void killed_losesWhatCameSinceItsLastWriteAndNothingElse() throws Exception {
    Running first = Running.start(directory, "20s");
    try {
      Await.until("an answer", LIMIT, first::serves);
      JsonNode flushed = first.total();
      Await.until("a write", LIMIT, () -> !rows().isEmpty());
      List<String> written = rows();
      assertThat(first.serves()).isTrue();
      assertThat(first.total().get("requests").asInt()).isEqualTo(2);
      assertThat(rows()).as("the next write is 20 s after the last").isEqualTo(written);
      first.process.destroyForcibly();
      assertThat(first.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(rows()).isEqualTo(written);

      Running second = Running.start(directory, "10m");
      try {
        assertThat(second.total()).isEqualTo(flushed);
        Await.until("an answer", LIMIT, second::serves);
        JsonNode all = second.total();
        assertThat(all.get("requests").asInt()).isEqualTo(2);
        second.process.destroy();
        assertThat(second.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(rows()).as("told to stop, it writes").hasSizeGreaterThan(written.size());
        assertThat(requests()).isEqualTo(2);
      } finally {
        second.process.destroyForcibly();
      }
    } finally {
      first.process.destroyForcibly();
    }
  }

  private int requests() {
    return rows().stream().mapToInt(row -> Integer.parseInt(row.split(",", -1)[5])).sum();
  }

  /** The lines of all days' files but their headings. */
  private List<String> rows() {
    try (Stream<Path> files = Files.list(directory.resolve("usage"))) {
      return files
          .filter(file -> file.toString().endsWith(".csv"))
          .flatMap(KilledRouterTest::lines)
          .filter(line -> !line.startsWith("day,"))
          .toList();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private static Stream<String> lines(Path file) {
    try {
      return Files.readAllLines(file).stream();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
