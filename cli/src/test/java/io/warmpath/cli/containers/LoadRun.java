package io.warmpath.cli.containers;

import io.fabric8.kubernetes.api.model.Pod;
import io.warmpath.cli.deploy.Manifests;
import io.warmpath.testkit.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** A running {@code warmpath load} in a process of its own, with the arguments of e2e's pod. */
final class LoadRun implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int FIRST_ANSWERS = 20;

  private final Process process;
  private final List<String> lines = new CopyOnWriteArrayList<>();

  private LoadRun(Process process) {
    this.process = process;
  }

  /** Starts it against an address, with other values for some of the manifest's options. */
  static LoadRun start(String address, Map<String, String> options) throws IOException {
    List<String> arguments = arguments();
    arguments.set(arguments.indexOf("--router") + 1, address);
    options.forEach((name, value) -> arguments.set(arguments.indexOf(name) + 1, value));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-XX:TieredStopAtLevel=1", "-Xmx256m", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("io.warmpath.cli.Main");
    command.addAll(arguments);
    LoadRun run = new LoadRun(new ProcessBuilder(command).redirectErrorStream(true).start());
    Thread.ofPlatform().daemon().name("load").start(run::readUntilEnd);
    run.awaitMoreAnswers(FIRST_ANSWERS);
    return run;
  }

  private static List<String> arguments() throws IOException {
    Pod pod = Manifests.read("e2e/load.yaml").one(Pod.class, "load");
    return new ArrayList<>(pod.getSpec().getContainers().getFirst().getArgs());
  }

  private void readUntilEnd() {
    try (BufferedReader out = process.inputReader()) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        lines.add(line);
      }
    } catch (IOException closed) {
      // The process has ended.
    }
  }

  /** Returns all that it printed. */
  List<String> lines() {
    return List.copyOf(lines);
  }

  private List<String> seconds() {
    return lines.stream().filter(each -> each.startsWith("completed=")).toList();
  }

  /** Returns once the load has gone on for some seconds. */
  void awaitMoreSeconds(int count) {
    int wanted = seconds().size() + count;
    Await.until("the load goes on", LIMIT, () -> seconds().size() >= wanted);
  }

  /** Returns once as many more requests were answered. */
  void awaitMoreAnswers(int count) {
    int mark = mark();
    Await.until("the load is answered", LIMIT, () -> since(mark).completed() >= count);
  }

  /** Returns how many seconds there are so far, for {@link #since}. */
  int mark() {
    return seconds().size();
  }

  /** Returns the cost of every second from {@code mark} on. */
  Cost since(int mark) {
    return seconds().stream().skip(mark).map(Cost::parse).reduce(Cost.NONE, Cost::plus);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
