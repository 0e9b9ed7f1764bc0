package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A server's process that is told to stop. */
final class SignalTest {

  @Test
  void standalone_toldToStop_drainsAndEndsWithZero() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(
        List.of("standalone", "--replicas=1", "--port=0", "--http-port=0", "--admin-port=0"));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.lines().anyMatch(line -> line.equals("Ctrl-C stops it."))).isTrue();
      process.destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended in time").isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }
}
