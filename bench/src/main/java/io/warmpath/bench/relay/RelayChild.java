package io.warmpath.bench.relay;

import io.warmpath.router.Router;
import io.warmpath.router.RouterConfig;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A process of its own for the echo server or the router, so that its processor time can be told
 * apart. It prints its port, and ends when its standard input does, so it never outlives the
 * parent.
 */
final class RelayChild implements AutoCloseable {

  /** Standard output carries the port, and a debug log would be measured: warnings only. */
  static final String LOG_SETTING = "logback.configurationFile";

  static final String LOG_CONFIG = "io/warmpath/bench/relay/logback.xml";

  /** A few, so that the router has something to decide. */
  private static final int REPLICAS = 4;

  private final Process process;
  private final int port;

  private RelayChild(Process process) throws IOException {
    this.process = process;
    BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
    String line = output.readLine();
    if (line == null) {
      throw new IOException("a child process ended before it listened");
    }
    this.port = Integer.parseInt(line);
  }

  static RelayChild echo() throws IOException {
    return start("echo");
  }

  static RelayChild router(int echoPort) throws IOException {
    return start("router", Integer.toString(echoPort));
  }

  private static RelayChild start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("-D" + LOG_SETTING + "=" + LOG_CONFIG);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(RelayChild.class.getName());
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    return new RelayChild(process);
  }

  int port() {
    return port;
  }

  /** Processor time so far, seconds. */
  double cpuSeconds() {
    return process.info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
  }

  @Override
  public void close() {
    process.destroy();
  }

  /** Runs in the child. */
  public static void main(String[] arguments) throws IOException {
    if (arguments[0].equals("echo")) {
      try (EchoServer echo = EchoServer.start()) {
        serve(echo.port());
      }
    } else {
      try (Router router = startRouter(Integer.parseInt(arguments[1]))) {
        serve(router.grpcPort());
      }
    }
  }

  private static void serve(int port) throws IOException {
    System.out.println(port);
    BufferedReader parent =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    while (parent.readLine() != null) {
      // Nothing is ever written: this waits for the end.
    }
  }

  /** Starts a router with default settings over replicas that all are the echo server. */
  static Router startRouter(int echoPort) throws IOException {
    List<ReplicaReport> replicas = new ArrayList<>();
    for (int i = 0; i < REPLICAS; i++) {
      replicas.add(report("echo-" + i, "127.0.0.1:" + echoPort));
    }
    return Router.start(RouterConfig.of(new RouterConfig.Fleet.Fixed(replicas)));
  }

  /** A replica that prefills at once, so that no request is refused for load. */
  private static ReplicaReport report(String id, String address) {
    return new ReplicaReport(
        new ReplicaReport.Identity(
            id,
            address,
            List.of(new ReplicaReport.ServedModel(OpenLoop.MODEL, 0, List.of())),
            Map.of(),
            1),
        1,
        1,
        ReplicaReport.State.READY,
        3600,
        ReplicaReport.Load.IDLE,
        new ReplicaReport.Cache(0, 1 << 20, 16, 0, Double.POSITIVE_INFINITY),
        new PrefillSpeed(1e12, 0),
        List.of(),
        RecentAnchors.NONE,
        new ReplicaReport.Totals(0, 0, 0));
  }
}
