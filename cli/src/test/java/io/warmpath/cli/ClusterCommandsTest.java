package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.simulator.engine.EngineProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client commands against a whole cluster over real sockets. */
final class ClusterCommandsTest {

  private static final EngineProfile FAST = EngineProfile.named("8b-h100").atSpeed(100);

  @TempDir private static Path directory;

  private static LocalCluster cluster;
  private static String router;

  @BeforeAll
  static void startCluster() throws IOException, InterruptedException {
    cluster = LocalCluster.start(LocalClusterSettings.of(2, FAST));
    cluster.awaitReady(Duration.ofSeconds(30));
    router = "127.0.0.1:" + cluster.router().grpcPort();
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
  }

  @Test
  void generate_printsTheAnswerAndWhereItCameFrom() {
    Run run = Run.of("generate", "--router", router, "--prompt", "Why is it?", "--max-tokens", "8");

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out().strip()).isNotEmpty();
    assertThat(run.err())
        .containsPattern("served by replica-[01], attempt 1 \\(")
        .contains("completion 8 tokens; first after");
  }

  @Test
  void generate_sameLongPromptTwice_isServedFromTheCache() throws IOException {
    Path file = Files.writeString(directory.resolve("prompt"), "a long prompt ".repeat(800));
    String[] command = {
      "generate", "--router", router, "--prompt-file", file.toString(), "--max-tokens", "4"
    };
    Run first = Run.of(command);
    Run second = Run.of(command);

    assertThat(first.err()).contains(", 0 from the cache");
    assertThat(second.err()).contains("(cached prefix;").doesNotContain(", 0 from the cache");
    assertThat(replica(second)).isEqualTo(replica(first));
  }

  private static String replica(Run run) {
    int start = run.err().indexOf("replica-");
    return run.err().substring(start, start + "replica-0".length());
  }

  @Test
  void generate_chatInOneReplicaOnly_isServedThere() {
    Run run =
        Run.of(
            "generate",
            "--router",
            router,
            "--prompt",
            "Hello",
            "--system",
            "Be short.",
            "--only",
            "replica-1",
            "--max-tokens",
            "2");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).contains("served by replica-1, attempt 1 (explicit;");
  }

  @Test
  void generate_unknownModel_isOneSentence() {
    Run run = Run.of("generate", "--router", router, "--prompt", "x", "--model", "nope");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.err()).contains("nope").contains("NOT_FOUND").hasLineCount(1);
  }

  @Test
  void generate_promptBeyondTheModelsLimit_isOneSentence() throws IOException {
    Path file = Files.writeString(directory.resolve("long"), "word ".repeat(400_000));
    Run run = Run.of("generate", "--router", router, "--prompt-file", file.toString());
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.err()).contains("INVALID_ARGUMENT").hasLineCount(1);
  }

  @Test
  void generate_emptyPrompt_isOneSentence() {
    Run run = Run.of("generate", "--router", router, "--prompt", "");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err())
        .isEqualToIgnoringNewLines(
            "warmpath generate: the prompt is empty, it must have at least one character");
  }

  @Test
  void generate_unknownReplica_isOneSentence() {
    Run run = Run.of("generate", "--router", router, "--prompt", "x", "--only", "nobody");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.err()).hasLineCount(1);
  }

  @Test
  void explain_showsEachCandidateAndTheChoice() {
    Run run = Run.of("explain", "--router", router, "--prompt", "Why is it?");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .containsPattern("policy warmpath: to replica-[01], ")
        .containsPattern("(?m)^replica-[01] ");
  }

  @Test
  void load_sendsRequestsOfEachFamilyAndCountsThem() {
    Run run =
        Run.of(
            ("load --clients 3 --families 2 --max-tokens 2 --pause 10ms --duration 100ms --router "
                    + router)
                .split(" ", -1));

    assertThat(run.exitCode()).as(run.out()).isZero();
    assertThat(run.out())
        .containsPattern("^completed=[1-9][0-9]* failed=0 cut=0 .*replicas=\\{replica-[01]=");
  }

  @Test
  void fleet_showsTheReplicas() {
    Run run = Run.of("fleet", "--router", router);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .containsPattern("(?m)^replica-0 +ready ")
        .containsPattern("(?m)^replica-1 +ready ");
  }
}
