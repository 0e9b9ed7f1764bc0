package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code warmpath config check} and {@code explain}. */
final class ConfigCommandTest {

  private static final String SYSTEM = "You are a careful assistant. ".repeat(40);

  @TempDir private Path directory;

  private Path config;

  @BeforeEach
  void writeConfig() throws IOException {
    Files.writeString(directory.resolve("system.txt"), SYSTEM + "\n");
    config =
        Files.writeString(
            directory.resolve("router.yaml"),
            """
            prefixes:
              system: {textFile: system.txt}
            families:
              - name: assistants
                match: {prefix: system}
                replicaSet: 2
                trafficCap: 0.4
              - name: europe
                match: {tenant: "eu-*"}
                pinned: {labels: {zone: a}}
                mode: shadow
            """);
  }

  private Run explain(String request, String... more) throws IOException {
    Path file = Files.writeString(directory.resolve("request.json"), request);
    String[] command = new String[4 + more.length];
    System.arraycopy(
        new String[] {"config", "explain", config.toString(), file.toString()}, 0, command, 0, 4);
    System.arraycopy(more, 0, command, 4, more.length);
    return Run.of(command);
  }

  @Test
  void check_goodConfig_saysSo() {
    Run run = Run.of("config", "check", config.toString());
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains("is valid");
  }

  @Test
  void check_badConfig_namesPlaceAndFix() throws IOException {
    Path bad = Files.writeString(directory.resolve("bad.yaml"), "lisen: x\n");
    Run run = Run.of("config", "check", bad.toString());
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("bad.yaml:1: lisen is not a setting; did you mean listen?");
  }

  @Test
  void explain_chatThatBeginsWithTheNamedPrefix_saysRuleFamilyAndSet() throws IOException {
    Run run =
        explain(
            "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\""
                + SYSTEM
                + "\"},{\"role\":\"user\",\"content\":\"hi\"}]}",
            "--replica",
            "a",
            "--replica",
            "b",
            "--replica",
            "c");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("rule      assistants")
        .containsPattern("family    [0-9a-f]{8,16}\n")
        .contains("set       2 replicas; no others")
        .contains("caps      40 % of a replica's work")
        .containsPattern("replicas  [abc], [abc]\n");
  }

  @Test
  void explain_tenantOfARuleInShadowMode_saysSo() throws IOException {
    Run run = explain("{\"model\":\"m\",\"prompt\":\"hi\"}", "--tenant", "eu-1");
    assertThat(run.out()).contains("rule      europe").contains("mode      shadow");
  }

  @Test
  void explain_requestOfNoRule_saysNone() throws IOException {
    Run run = explain("{\"model\":\"m\",\"prompt\":\"hi\"}");
    assertThat(run.out()).contains("rule      none").contains("the prompt is too short");
  }

  @Test
  void explain_requestThatIsNoJson_isOneSentence() throws IOException {
    Run run = explain("hello");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
    assertThat(run.err()).contains("the request is no JSON object").hasLineCount(1);
  }
}
