package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.warmpath.membership.MembershipClient;
import io.warmpath.membership.ZooKeeperSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers' processes: each serves, is told to stop, and ends well. */
final class SignalTest {

  @TempDir private Path directory;

  /** What is asked of a server while it runs, by the line in which it says that it does. */
  private interface Question {
    void ask(String announcement) throws IOException, InterruptedException;
  }

  @Test
  void standalone_toldToStop_drainsAndEndsWithZero() throws IOException, InterruptedException {
    serve(
        "Ctrl-C stops it.",
        announced -> {},
        "standalone",
        "--replicas=1",
        "--port=0",
        "--http-port=0",
        "--admin-port=0");
  }

  @Test
  void engine_servesItsModelUntilToldToStop() throws IOException, InterruptedException {
    serve(
        "a simulated 70b-tp4 engine serves m at http://127.0.0.1:",
        announced -> {
          URI models =
              URI.create(announced.substring(announced.indexOf("http"))).resolve("/v1/models");
          try (HttpClient http = HttpClient.newHttpClient()) {
            assertThat(
                    http.send(
                            HttpRequest.newBuilder(models).build(),
                            HttpResponse.BodyHandlers.ofString())
                        .body())
                .contains("\"id\":\"m\"");
          }
        },
        "engine",
        "--listen=127.0.0.1:0",
        "--model=m",
        "--profile=70b-tp4");
  }

  @Test
  void zooKeeper_servesByItsOwnConfigUntilToldToStop() throws IOException, InterruptedException {
    int port = freePort();
    Path config =
        Files.writeString(
            directory.resolve("zoo.cfg"),
            """
            dataDir=%s
            clientPort=%d
            clientPortAddress=127.0.0.1
            admin.enableServer=false
            """
                .formatted(directory.resolve("data"), port));
    serve(
        "ZooKeeper runs by " + config,
        announced -> {
          ZooKeeperSettings settings = ZooKeeperSettings.of("127.0.0.1:" + port);
          try (MembershipClient client = MembershipClient.connect(settings)) {
            assertThat(client.state()).isEqualTo(MembershipClient.State.CONNECTED);
          }
        },
        "zookeeper",
        "--config=" + config);
  }

  /** Runs a command until it announces itself, asks it, and tells it to stop. */
  private static void serve(String announcement, Question question, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (BufferedReader out = process.inputReader()) {
      question.ask(lineThatBegins(announcement, out));
      process.destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended in time").isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  private static String lineThatBegins(String announcement, BufferedReader out) throws IOException {
    StringBuilder said = new StringBuilder();
    for (@Var String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.startsWith(announcement)) {
        return line;
      }
      said.append(line).append('\n');
    }
    throw new AssertionError("it ended without saying '" + announcement + "' but:\n" + said);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
