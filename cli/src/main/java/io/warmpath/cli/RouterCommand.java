package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.config.ConfigException;
import io.warmpath.router.Router;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath router}. */
@Command(
    name = "router",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Runs a router. SIGTERM drains it.")
final class RouterCommand implements Callable<Integer> {

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "The router's config, YAML; see docs/configuration.md.")
  private @Var Path file = Path.of("");

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws ConfigException, CommandFailure, IOException, InterruptedException {
    try (ConfigWatch watch = ConfigWatch.read(file)) {
      Router router = Router.start(watch.config());
      watch.follow(router);
      Console console = Console.of(spec);
      UntilStopped.run(
          () -> console.notef("router %s listens on port %d", router.routerId(), router.grpcPort()),
          router::shutdown);
    }
    return ExitCodes.OK;
  }
}
