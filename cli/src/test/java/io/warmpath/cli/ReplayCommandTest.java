package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code trace generate}, {@code replay} and {@code capacity} as a user runs them. */
final class ReplayCommandTest {

  @TempDir private Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(Object command, String... args) {
    return new CommandLine(command)
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .execute(args);
  }

  @BeforeEach
  void generate() {
    assertThat(
            run(
                new TraceCommand(),
                "generate",
                "--profile",
                "flash-crowd",
                "--requests",
                "300",
                "--out",
                trace()))
        .isZero();
  }

  private String trace() {
    return folder.resolve("t.jsonl").toString();
  }

  @Test
  void replay_printsATableAndWritesJsonAndAPage() throws IOException {
    Path json = folder.resolve("r.json");
    Path html = folder.resolve("r.html");
    int exit =
        run(
            new ReplayCommand(),
            ("--trace "
                    + trace()
                    + " --policy warmpath,round-robin --replicas 4 --speed 2,4"
                    + " --routers 2 --report-age 1s --seeds 2 --kill 1@50% --join 1@60%"
                    + " --cache-tokens 100000 --prefill-overhead 5ms --json "
                    + json
                    + " --html "
                    + html)
                .split(" "));
    assertThat(err.toString()).isEmpty();
    assertThat(exit).isZero();
    assertThat(out.toString()).contains("warmpath").contains("round-robin");
    assertThat(Files.readString(json).split("\"policy\"", -1)).hasSize(9);
    assertThat(Files.readString(html)).contains("<svg");
  }

  @Test
  void replay_ofTheFullEngine_works() {
    int exit =
        run(
            new ReplayCommand(),
            "--trace",
            trace(),
            "--policy",
            "warmpath",
            "--engine",
            "8b-h100",
            "--closed-loop");
    assertThat(err.toString()).isEmpty();
    assertThat(exit).isZero();
  }

  @Test
  void capacity_printsARatioToRoundRobin() {
    int exit =
        run(
            new CapacityCommand(),
            "--trace",
            trace(),
            "--policy",
            "round-robin,warmpath",
            "--replicas",
            "2",
            "--precision",
            "0.5");
    assertThat(exit).isZero();
    assertThat(out.toString()).contains("capacity speed").contains("1.00");
  }

  @Test
  void badInput_isOneSentence() throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.jsonl"), "{\"input_length\": -4}\n");
    assertSentence("bad.jsonl line 1 has input_length -4", "--trace", bad.toString());
    assertSentence("there is no file", "--trace", folder.resolve("none").toString());
    assertSentence("format is csv", "--trace", trace(), "--format", "csv");
    assertSentence("\"magic\"", "--trace", trace(), "--policy", "magic");
    assertSentence("engine profile \"tpu\"", "--trace", trace(), "--engine", "tpu");
    assertSentence("speed is 0.0", "--trace", trace(), "--speed", "0");
    assertSentence("COUNT@TIME", "--trace", trace(), "--kill", "two");
    assertSentence("is not a duration", "--trace", trace(), "--report-age", "soon");
  }

  private void assertSentence(String part, String... args) {
    err.getBuffer().setLength(0);
    assertThat(run(new ReplayCommand(), args)).isEqualTo(2);
    String first = err.toString().lines().findFirst().orElse("");
    assertThat(first).contains(part);
    assertThat(err.toString()).doesNotContain("\tat ");
  }
}
