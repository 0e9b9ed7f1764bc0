package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.v1.FleetReplica;
import io.warmpath.v1.GetFleetResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath standalone}. */
@Command(
    name = "standalone",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Runs a whole cluster with simulated engines in one process.",
      "",
      "A ZooKeeper, engines with an agent each, and a router, all on the loopback address."
    })
final class StandaloneCommand implements Callable<Integer> {

  private static final Duration READY_LIMIT = Duration.ofSeconds(30);
  private static final Duration DRAIN_LIMIT = Duration.ofSeconds(10);

  @Mixin private final EngineOptions engines = new EngineOptions();

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "The router's gRPC port, 0 for any. Default: ${DEFAULT-VALUE}.")
  private @Var int port = 9000;

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      description = "The router's HTTP port, 0 for any. Default: ${DEFAULT-VALUE}.")
  private @Var int httpPort = 8000;

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description = "The port of its metrics and health, 0 for any. Default: ${DEFAULT-VALUE}.")
  private @Var int adminPort = 9001;

  @Option(
      names = "--zookeeper-port",
      paramLabel = "PORT",
      description = "ZooKeeper's port, 0 for any. Default: ${DEFAULT-VALUE}.")
  private @Var int zooKeeperPort;

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandFailure, IOException, InterruptedException {
    LocalCluster cluster = LocalCluster.start(settings());
    GetFleetResponse fleet;
    try {
      fleet = cluster.awaitReady(READY_LIMIT);
    } catch (IOException notReady) {
      cluster.close();
      throw notReady;
    }
    Console console = Console.of(spec);
    UntilStopped.run(() -> print(console, cluster, fleet), () -> cluster.drain(DRAIN_LIMIT));
    return ExitCodes.OK;
  }

  private LocalClusterSettings settings() throws CommandFailure {
    try {
      EngineProfile profile = engines.profile("8b-h100");
      return LocalClusterSettings.of(engines.replicas(4), profile)
          .listening(port, httpPort, adminPort, zooKeeperPort);
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(String.valueOf(refused.getMessage()));
    }
  }

  private static void print(Console console, LocalCluster cluster, GetFleetResponse fleet) {
    console.linef("OpenAI API http://127.0.0.1:%d/v1", cluster.router().httpPort());
    console.linef("gRPC       127.0.0.1:%d", cluster.router().grpcPort());
    console.linef("metrics    http://127.0.0.1:%d/metrics", cluster.router().adminPort());
    console.linef("ZooKeeper  %s", cluster.zooKeeperAddress());
    for (FleetReplica replica : fleet.getReplicasList()) {
      console.linef(
          "%-10s a simulated %s engine behind the agent at %s",
          replica.getRecord().getReplicaId(),
          cluster.settings().profile().name(),
          replica.getRecord().getAddress());
    }
    printTrials(console, cluster);
  }

  private static void printTrials(Console console, LocalCluster cluster) {
    console.line("");
    console.line("Try, in another terminal:");
    console.line("");
    console.linef(
        "  curl -N http://127.0.0.1:%d/v1/chat/completions -H 'content-type: application/json' \\",
        cluster.router().httpPort());
    console.linef(
        "    -d '{\"model\": \"%s\", \"stream\": true, \"messages\": [{\"role\": \"user\","
            + " \"content\": \"Why is the sky blue?\"}]}'",
        cluster.settings().model());
    int grpc = cluster.router().grpcPort();
    String router = grpc == 9000 ? "" : " --router 127.0.0.1:" + grpc;
    console.linef("  ./warmpath generate%s --prompt 'Why is the sky blue?'", router);
    console.linef(
        "  grpcurl -plaintext -d '{\"model\": \"%s\", \"text\": \"Why is the sky blue?\"}' \\",
        cluster.settings().model());
    console.linef("    127.0.0.1:%d warmpath.v1.InferenceService/Generate", grpc);
    console.linef("  ./warmpath fleet%s", router);
    console.line("");
    console.line("Ctrl-C stops it.");
  }
}
