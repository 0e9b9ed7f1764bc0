package io.warmpath.cli.interop;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A real vLLM in a process of its own, as {@code interop/start-vllm.sh} runs it. */
final class VllmTestEngine implements TestEngine {

  private static final Path ROOT = Path.of(System.getProperty("warmpath.root", ""));
  private static final long END_SECONDS = 10;
  private static final int PORT_TRIES = 100;

  private final Path log;
  private final List<String> options;
  private final int port = freePort();
  private final int eventPort = freePortWithNext();
  private @Nullable Process process;

  /** Starts one with vLLM's own {@code options}; its output goes to {@code directory}. */
  VllmTestEngine(Path directory, List<String> options) throws IOException {
    this.options = List.copyOf(options);
    log = directory.resolve("vllm-" + port + ".log");
    restart();
  }

  private static Path home() {
    String named = System.getenv("WARMPATH_INTEROP_HOME");
    return named == null
        ? Path.of(System.getProperty("user.home"), ".cache", "warmpath", "interop")
        : Path.of(named);
  }

  /** The options with which it serves {@link #ADAPTERS}. */
  static List<String> adapterOptions() {
    List<String> options = new ArrayList<>();
    options.addAll(List.of("--enable-lora", "--max-lora-rank", "8", "--max-loras", "2"));
    options.add("--lora-modules");
    for (String adapter : ADAPTERS) {
      options.add(adapter + "=" + home().resolve("adapters").resolve(adapter));
    }
    return options;
  }

  /** Says why there is no vLLM to be had, or nothing when there is one. */
  static Optional<String> whyMissing() {
    Path home = home();
    return Files.exists(home.resolve("installed"))
        ? Optional.empty()
        : Optional.of("there is no vLLM in " + home + "; interop/install-vllm.sh installs it");
  }

  @Override
  public URI url() {
    return URI.create("http://127.0.0.1:" + port);
  }

  @Override
  public String events() {
    return "tcp://127.0.0.1:" + eventPort;
  }

  @Override
  public String replay() {
    return "tcp://127.0.0.1:" + (eventPort + 1);
  }

  @Override
  public void restart() throws IOException {
    kill();
    List<String> command = new ArrayList<>();
    command.add(ROOT.resolve("interop/start-vllm.sh").toString());
    command.add(String.valueOf(port));
    command.add(String.valueOf(eventPort));
    command.addAll(options);
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
  }

  /** The engine's core is a process below the server's; both end. */
  @Override
  public void kill() {
    Process running = process;
    if (running == null) {
      return;
    }
    ProcessHandle[] all = running.descendants().toArray(ProcessHandle[]::new);
    running.destroyForcibly();
    for (ProcessHandle one : all) {
      one.destroyForcibly();
    }
    try {
      running.waitFor(END_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    process = null;
  }

  @Override
  public void close() {
    kill();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Returns a free port whose successor is free, too. */
  private static int freePortWithNext() throws IOException {
    @Var IOException taken = new IOException("no two free ports in a row");
    for (int i = 0; i < PORT_TRIES; i++) {
      int first = freePort();
      try (ServerSocket next = new ServerSocket(first + 1, 1, InetAddress.getLoopbackAddress())) {
        return next.getLocalPort() - 1;
      } catch (IOException notFree) {
        taken = notFree;
      }
    }
    throw taken;
  }
}
