package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.agent.Agent;
import io.warmpath.agent.AgentConfig;
import io.warmpath.cli.settings.AgentSettings;
import io.warmpath.config.ConfigException;
import io.warmpath.membership.ZooKeeperSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath agent}. */
@Command(
    name = "agent",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Runs an agent in front of one or several engines. SIGTERM drains it.")
final class AgentCommand implements Callable<Integer> {

  @ArgGroup(multiplicity = "1")
  private @Var Source source = new Source();

  @Spec private @Var @Nullable CommandSpec spec;

  /** Where the agent's config comes from. */
  static final class Source {

    @Option(
        names = "--config",
        required = true,
        paramLabel = "FILE",
        description = "The agent's config, YAML; see docs/configuration.md.")
    private @Var @Nullable Path file;

    @ArgGroup(exclusive = false)
    private @Var @Nullable Engines engines;
  }

  /** A config by options, with defaults for the rest. */
  static final class Engines {

    @Option(
        names = "--engine",
        required = true,
        paramLabel = "URL",
        description = "An engine with vLLM's HTTP surface; repeat it for several.")
    private @Var List<String> urls = List.of();

    @Option(
        names = "--zookeeper",
        paramLabel = "HOST:PORT,...",
        defaultValue = "127.0.0.1:2181",
        description = "The ZooKeeper servers. Default: ${DEFAULT-VALUE}.")
    private @Var String zookeeper = "";

    @Option(
        names = "--listen",
        paramLabel = "HOST:PORT",
        defaultValue = "0.0.0.0:7071",
        description = "Where routers reach it. Default: ${DEFAULT-VALUE}.")
    private @Var String listen = "";

    @Option(
        names = "--relay",
        paramLabel = "HOST:PORT",
        defaultValue = "0.0.0.0:7073",
        description = "Where routers relay HTTP exchanges to. Default: ${DEFAULT-VALUE}.")
    private @Var String relay = "";

    @Option(
        names = "--admin",
        paramLabel = "HOST:PORT",
        defaultValue = "0.0.0.0:7072",
        description = "Where metrics and health are served. Default: ${DEFAULT-VALUE}.")
    private @Var String admin = "";
  }

  @Override
  public Integer call() throws ConfigException, CommandFailure, IOException, InterruptedException {
    AgentConfig config = config();
    Agent agent = Agent.start(config);
    Console console = Console.of(spec);
    UntilStopped.run(
        () -> console.notef("agent serves %s on port %d", agent.replicaIds(), agent.grpcPort()),
        () -> {
          agent.drain(config.drainTimeout());
          agent.close();
        });
    return ExitCodes.OK;
  }

  private AgentConfig config() throws ConfigException, CommandFailure {
    if (source.file != null) {
      return ConfigFiles.read(source.file, AgentSettings.class, AgentSettings::config);
    }
    Engines engines = source.engines == null ? new Engines() : source.engines;
    try {
      return AgentConfig.of(
              engines.urls.stream().map(AgentConfig.Engine::of).toList(),
              ZooKeeperSettings.of(engines.zookeeper))
          .withEndpoints(
              AgentConfig.Endpoint.parse(engines.listen),
              AgentConfig.Endpoint.parse(engines.relay),
              AgentConfig.Endpoint.parse(engines.admin));
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(String.valueOf(refused.getMessage()));
    }
  }
}
