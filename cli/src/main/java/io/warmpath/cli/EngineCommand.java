package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.config.HostPort;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.server.EngineServerSettings;
import io.warmpath.simulator.server.SimulatedEngineServer;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath engine}. */
@Command(
    name = "engine",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Runs a simulated engine with vLLM's HTTP surface, for trials without a GPU.")
final class EngineCommand implements Callable<Integer> {

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description = "Where it listens. Default: ${DEFAULT-VALUE}.")
  private @Var String listen = "127.0.0.1:8001";

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "The model it claims to serve. Default: ${DEFAULT-VALUE}.")
  private @Var String model = "simulated";

  @Option(
      names = "--profile",
      paramLabel = "NAME",
      description = "What it imitates: 8b-h100 or 70b-tp4. Default: ${DEFAULT-VALUE}.")
  private @Var String profile = "8b-h100";

  @Option(
      names = "--engine-speed",
      paramLabel = "FACTOR",
      description = "How much faster than the real engine it is. Default: ${DEFAULT-VALUE}.")
  private @Var double speed = 1;

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandFailure, IOException, InterruptedException {
    SimulatedEngineServer engine = SimulatedEngineServer.start(settings());
    Console console = Console.of(spec);
    UntilStopped.run(
        () -> console.notef("a simulated %s engine serves %s at %s", profile, model, engine.url()),
        engine::close);
    return ExitCodes.OK;
  }

  private EngineServerSettings settings() throws CommandFailure {
    HostPort address = address();
    try {
      return EngineServerSettings.of(model, EngineProfile.named(profile).atSpeed(speed))
          .listeningOn(address.host(), address.port());
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(String.valueOf(refused.getMessage()));
    }
  }

  private HostPort address() throws CommandFailure {
    try {
      return HostPort.parse(listen);
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(
          "--listen is '" + listen + "'; allowed is " + refused.getMessage());
    }
  }
}
