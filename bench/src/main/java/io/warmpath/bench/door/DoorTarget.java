package io.warmpath.bench.door;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A router under test: its processes, and where it is called. */
final class DoorTarget implements AutoCloseable {

  private static final Duration READY_LIMIT = Duration.ofSeconds(60);
  private static final long POLL_MILLIS = 100;
  private static final Set<Integer> GIVEN_PORTS = ConcurrentHashMap.newKeySet();
  private static final String ENVOY_ENDPOINT =
      "{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}";

  private final String name;
  private final String url;
  private final List<Process> processes;

  private DoorTarget(String name, String url, List<Process> processes) {
    this.name = name;
    this.url = url;
    this.processes = List.copyOf(processes);
  }

  /** Warmpath: a router, one agent for all engines, and a ZooKeeper that is not counted. */
  static DoorTarget warmpath(String name, Path command, List<String> engines, Path parent)
      throws IOException, InterruptedException {
    Path directory = Files.createDirectory(parent.resolve(name.replace(' ', '-')));
    int zooKeeper = freePort();
    int http = freePort();
    int routerAdmin = freePort();
    Path server =
        Files.writeString(
            directory.resolve("zoo.cfg"),
            """
            dataDir=%s
            clientPort=%d
            clientPortAddress=127.0.0.1
            admin.enableServer=false
            """
                .formatted(directory.resolve("zookeeper"), zooKeeper));
    Process standby =
        start(
            directory.resolve("zookeeper.log"),
            command.toString(),
            "zookeeper",
            "--config",
            server.toString());
    Runtime.getRuntime().addShutdownHook(new Thread(standby::destroyForcibly));
    awaitListening(zooKeeper);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < engines.size(); i++) {
      lines.add("- {url: \"%s\", replicaId: \"replica-%d\"}".formatted(engines.get(i), i));
    }
    Path agent =
        Files.writeString(
            directory.resolve("agent.yaml"),
            """
            engines:
            %s
            listen: 127.0.0.1:0
            relay: 127.0.0.1:0
            admin: 127.0.0.1:0
            zookeeper: {connect: "127.0.0.1:%d"}
            # The engines answer at once: a long prompt is no news of seconds of work.
            engine: {prefillTokensPerSecond: 1_000_000_000, prefillOverhead: 0s}
            """
                .formatted(String.join("\n", lines), zooKeeper));
    Path router =
        Files.writeString(
            directory.resolve("router.yaml"),
            """
            listen: 127.0.0.1:0
            http: 127.0.0.1:%d
            admin: 127.0.0.1:%d
            zookeeper: {connect: "127.0.0.1:%d"}
            """
                .formatted(http, routerAdmin, zooKeeper));
    List<Process> processes = new ArrayList<>();
    processes.add(
        start(
            directory.resolve("router.log"),
            command.toString(),
            "router",
            "--config",
            router.toString()));
    processes.add(
        start(
            directory.resolve("agent.log"),
            command.toString(),
            "agent",
            "--config",
            agent.toString()));
    awaitOk("http://127.0.0.1:" + routerAdmin + "/ready");
    return new DoorTarget(name, "http://127.0.0.1:" + http, processes);
  }

  /** SGLang's gateway with its cache-aware policy. */
  static DoorTarget smg(Path command, List<String> engines, Path directory)
      throws IOException, InterruptedException {
    int port = freePort();
    List<String> arguments = new ArrayList<>(List.of(command.toString(), "launch"));
    arguments.addAll(List.of("--host", "127.0.0.1", "--port", Integer.toString(port)));
    arguments.addAll(List.of("--policy", "cache_aware", "--log-level", "warn", "--worker-urls"));
    arguments.addAll(engines);
    arguments.addAll(List.of("--prometheus-port", Integer.toString(freePort())));
    Process process = start(directory.resolve("smg.log"), arguments.toArray(String[]::new));
    String url = "http://127.0.0.1:" + port;
    awaitOk(url + "/health");
    return new DoorTarget("smg", url, List.of(process));
  }

  /** Envoy with least requests, one worker thread. */
  static DoorTarget envoy(Path command, List<String> engines, Path directory)
      throws IOException, InterruptedException {
    int port = freePort();
    String endpoints =
        engines.stream()
            .map(engine -> URI.create(engine).getPort())
            .map(ENVOY_ENDPOINT::formatted)
            .collect(Collectors.joining(", "));
    Path config =
        Files.writeString(
            directory.resolve("envoy.yaml"),
            envoyConfig()
                .replace("@PORT@", Integer.toString(port))
                .replace("@ENDPOINTS@", endpoints));
    Process process =
        start(
            directory.resolve("envoy.log"),
            command.toString(),
            "-c",
            config.toString(),
            "--concurrency",
            "1",
            "--log-level",
            "error");
    String url = "http://127.0.0.1:" + port;
    awaitOk(url + "/health");
    return new DoorTarget("envoy", url, List.of(process));
  }

  private static String envoyConfig() throws IOException {
    try (InputStream resource = DoorTarget.class.getResourceAsStream("envoy.yaml")) {
      return new String(
          Objects.requireNonNull(resource, "envoy.yaml").readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  String name() {
    return name;
  }

  String url() {
    return url;
  }

  /** Processor time of its processes so far, seconds, each process's apart. */
  List<Double> cpuSeconds() {
    return processes.stream()
        .map(process -> process.toHandle().info().totalCpuDuration().orElse(Duration.ZERO))
        .map(spent -> spent.toNanos() / 1e9)
        .toList();
  }

  /** Of that, what JVMs spent on compiling, on Linux; seconds, all processes together. */
  double compilerSeconds() {
    return processes.stream().mapToDouble(process -> CompilerTime.seconds(process.pid())).sum();
  }

  /** Its processes: the first is the router. */
  List<Long> processIds() {
    return processes.stream().map(Process::pid).toList();
  }

  @Override
  public void close() {
    processes.forEach(Process::destroy);
  }

  private static Process start(Path log, String... command) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  /** A port that nobody listens on and that was not given out before. */
  private static int freePort() throws IOException {
    @Var int port = 0;
    while (port == 0 || !GIVEN_PORTS.add(port)) {
      try (ServerSocket socket = new ServerSocket(0)) {
        port = socket.getLocalPort();
      }
    }
    return port;
  }

  private static void awaitListening(int port) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + READY_LIMIT.toNanos();
    @Var boolean listening = false;
    while (!listening) {
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("nobody listens on port " + port);
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        listening = socket.isConnected();
      } catch (IOException notYet) {
        listening = false;
      }
    }
  }

  private static void awaitOk(String url) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(READY_LIMIT).build();
    long deadline = System.nanoTime() + READY_LIMIT.toNanos();
    try (HttpClient http = HttpClient.newHttpClient()) {
      @Var int status = 0;
      while (status != 200) {
        if (System.nanoTime() - deadline > 0) {
          throw new IOException(url + " did not become ready, its last status was " + status);
        }
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        try {
          status = http.send(request, BodyHandlers.discarding()).statusCode();
        } catch (IOException notYet) {
          status = 0;
        }
      }
    }
  }
}
