package io.warmpath.cli.local;

import io.warmpath.agent.AgentConfig;
import io.warmpath.routing.replica.ReplicaQueue;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An agent in a process of its own, so that it can be killed as a crash or the kernel would. */
final class AgentProcess implements AutoCloseable {

  private final Process process;

  private AgentProcess(Process process) {
    this.process = process;
  }

  /**
   * Starts an agent of one engine.
   *
   * @param directory for its config and its log
   */
  static AgentProcess start(AgentConfig config, Path directory) throws IOException {
    String name = config.engines().getFirst().replicaId();
    Path file = Files.writeString(directory.resolve(name + ".yaml"), yaml(config));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            "io.warmpath.cli.Main",
            "agent",
            "--config",
            file.toString()));
    return new AgentProcess(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name + ".log").toFile())
            .start());
  }

  private static String yaml(AgentConfig config) {
    AgentConfig.Engine engine = config.engines().getFirst();
    AgentConfig.Queue queue = config.queue();
    return """
    engines:
    - {url: "%s", replicaId: "%s"}
    listen: %s:0
    relay: %s:0
    admin: %s:0
    zookeeper: {connect: "%s"}
    queue:
      size: %d
      order: %s
      maxPendingWork: %dms
    """
        .formatted(
            engine.url(),
            engine.replicaId(),
            config.listen().host(),
            config.relay().host(),
            config.admin().host(),
            config.zookeeper().connectString(),
            queue.size(),
            queue.order() == ReplicaQueue.Order.ARRIVAL ? "arrival" : "virtual-deadline",
            queue.maxPendingWork().toMillis());
  }

  /** Ends the process without a chance to say goodbye: SIGKILL. */
  void kill() {
    process.destroyForcibly();
  }

  @Override
  public void close() {
    kill();
  }
}
