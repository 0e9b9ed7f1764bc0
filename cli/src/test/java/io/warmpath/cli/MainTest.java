package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Command lines, files and ports that are wrong: one clear sentence and the right exit code. */
final class MainTest {

  @TempDir private Path directory;

  private static void isRefused(Run run, int exitCode, String... words) {
    assertThat(run.exitCode()).as(run.err()).isEqualTo(exitCode);
    assertThat(run.err()).contains(words).doesNotContain("Exception").doesNotContain("\tat ");
  }

  private String file(String name, String content) throws IOException {
    return Files.writeString(directory.resolve(name), content).toString();
  }

  @Test
  void help_namesEveryCommand() {
    Run run = Run.of("--help");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .contains("demo", "standalone", "router", "agent", "generate", "explain", "fleet")
        .contains("replay", "capacity", "trace", "config", "version");
  }

  @Test
  void version_namesJava() {
    assertThat(Run.of("version").out()).startsWith("warmpath ").contains("Java 25");
    assertThat(Run.of("--version").out()).isEqualTo(Run.of("version").out());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          nope                              | nope
                                            | a command is missing
          config                            | check, explain, publish or docs
          router                            | --config=FILE
          agent                             | --config
          agent --engine ftp://x            | http://host:port
          agent --engine http://x --zookeeper x | host:port
          generate                          | --prompt
          generate --prompt x --router here | host:port
          generate --prompt x --max-tokens 0 | at least 1
          standalone --replicas 0           | from 1 to 64
          standalone --replicas many        | many
          standalone --profile abacus       | 8b-h100
          standalone --engine-speed 0       | above 0
          standalone --port 70000           | 65535
          engine --listen here              | --listen is 'here'
          engine --listen localhost:70000   | 65535
          engine --profile abacus           | 8b-h100
          engine --engine-speed -1          | above 0
          zookeeper                         | --config=FILE
          zookeeper --config x --pod-name a | must end in a number
          load --clients 0                  | at least 1
          load --families 0                 | at least 1
          load --max-tokens 0               | at least 1
          load --pause soon                 | duration
          load --router here                | host:port
          demo --limit 0                    | at least 1
          demo --speed 0                    | above 0
          demo --policy random              | round-robin
          demo --format html --trace x      | mooncake
          demo --kill-agent-at 3            | duration
          demo --kill-agent-at 3s --replicas 1 | at least 2
          """)
  void wrongCommandLine_isOneSentence(String line, String words) {
    Run run = Run.of(line == null ? new String[0] : line.split(" +"));
    isRefused(run, ExitCodes.BAD_INPUT, words);
    assertThat(run.err().lines().count()).as(run.err()).isLessThanOrEqualTo(2);
  }

  @Test
  void missingFile_isOneSentence() {
    String missing = directory.resolve("nothere").toString();
    isRefused(Run.of("router", "--config", missing), ExitCodes.BAD_INPUT, "no such file");
    isRefused(
        Run.of("generate", "--prompt-file", missing),
        ExitCodes.FAILED,
        "there is no file",
        missing);
    isRefused(Run.of("demo", "--trace", missing), ExitCodes.FAILED, "there is no file", missing);
    isRefused(
        Run.of("zookeeper", "--config", missing), ExitCodes.FAILED, "there is no file", missing);
  }

  @Test
  void zooKeeperWithoutADataDirectory_isOneSentence() throws IOException {
    String config = file("zoo.cfg", "clientPort=0\n");
    isRefused(
        Run.of("zookeeper", "--config", config), ExitCodes.FAILED, config + " names no dataDir");
  }

  @Test
  void malformedTrace_isOneSentenceWithTheLine() throws IOException {
    String trace = file("trace.jsonl", "{\"timestamp\": 0}\n");
    isRefused(Run.of("demo", "--trace", trace), ExitCodes.FAILED, "trace.jsonl line 1");
  }

  @Test
  void badConfig_saysEverythingAtOnce() throws IOException {
    String config =
        file(
            "router.yaml",
            """
            listn: 0.0.0.0:9000
            zookeeper:
              connect: zk1
            defaults:
              mode: shadwo
              prefix: {tokens: 1000}
            drainTimeout: 30
            """);
    for (String[] command :
        new String[][] {{"config", "check", config}, {"router", "--config", config}}) {
      Run run = Run.of(command);
      isRefused(
          run,
          ExitCodes.BAD_INPUT,
          "router.yaml:1: listn is not a setting; did you mean listen?",
          "router.yaml:3: zookeeper is refused: ",
          "router.yaml:5: defaults.mode is \"shadwo\"; it must be one of off, shadow, enforced;"
              + " did you mean shadow?",
          "router.yaml:6: defaults.prefix is refused: ",
          "router.yaml:7: drainTimeout is \"30\"; it must be a duration");
      assertThat(run.err()).hasLineCount(5);
    }
  }

  @Test
  void malformedYaml_isOneSentence() throws IOException {
    Run run = Run.of("router", "--config", file("router.yaml", "listen: [\n"));
    isRefused(run, ExitCodes.BAD_INPUT, "router.yaml:2: no valid YAML");
    assertThat(run.err()).hasLineCount(1);
  }

  @Test
  void goodConfig_isValid() throws IOException {
    assertThat(Run.of("config", "check", file("r.yaml", "zookeeper: {root: /a}")).out())
        .contains("is valid");
    String agent = file("a.yaml", "engines: [{url: http://127.0.0.1:8000}]");
    assertThat(Run.of("config", "check", "--role", "agent", agent).out()).contains("is valid");
    isRefused(Run.of("config", "check", agent), ExitCodes.BAD_INPUT, "engines is not a setting");
  }

  @Test
  void unreachableZooKeeper_isOneSentence() throws IOException {
    String zookeeper = "zookeeper: {connect: '127.0.0.1:1', connectionTimeout: 200ms}\n";
    String ports = "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n";
    Run router = Run.of("router", "--config", file("r.yaml", zookeeper + ports));
    isRefused(router, ExitCodes.FAILED, "ZooKeeper at '127.0.0.1:1' did not answer");
    assertThat(router.err()).hasLineCount(1);
    String engines = "engines: [{url: http://127.0.0.1:8000}]\n";
    Run agent = Run.of("agent", "--config", file("a.yaml", engines + zookeeper + ports));
    isRefused(agent, ExitCodes.FAILED, "ZooKeeper at '127.0.0.1:1' did not answer");
    assertThat(agent.err()).hasLineCount(1);
  }

  @Test
  void takenPort_isOneSentence() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());
      Run router = Run.of("standalone", "--port", port, "--http-port", "0", "--admin-port", "0");
      isRefused(router, ExitCodes.FAILED, port);
      Run admin = Run.of("standalone", "--port", "0", "--http-port", "0", "--admin-port", port);
      isRefused(admin, ExitCodes.FAILED, port);
      Run zookeeper =
          Run.of(
              "standalone",
              "--port",
              "0",
              "--http-port",
              "0",
              "--admin-port",
              "0",
              "--zookeeper-port",
              port);
      isRefused(zookeeper, ExitCodes.FAILED, port);
    }
  }

  @Test
  void unreachableRouter_isOneSentence() {
    for (String command : new String[] {"fleet", "generate --prompt x", "explain --prompt x"}) {
      Run run = Run.of((command + " --router 127.0.0.1:1").split(" "));
      isRefused(run, ExitCodes.FAILED, "the router cannot be reached: ");
      assertThat(run.err()).hasLineCount(1);
    }
  }

  @Test
  void load_ofAnUnreachableRouter_countsWhyAndFails() {
    Run run = Run.of("load", "--router", "127.0.0.1:1", "--clients", "1", "--duration", "100ms");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.out())
        .startsWith("completed=0 failed=")
        .contains("reasons={the router cannot be reached: ");
  }

  @Test
  void debug_showsTheStackTrace() {
    Run run = Run.of("fleet", "--router", "127.0.0.1:1", "--debug");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.err()).contains("\tat ");
  }
}
