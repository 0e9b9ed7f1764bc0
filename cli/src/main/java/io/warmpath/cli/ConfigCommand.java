package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.settings.AgentSettings;
import io.warmpath.cli.settings.ConfigPage;
import io.warmpath.cli.settings.RouterSettings;
import io.warmpath.config.ConfigException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code warmpath config}. */
@Command(
    name = "config",
    mixinStandardHelpOptions = true,
    description = "Checks, explains and publishes configs and prints their documentation.",
    subcommands = {
      ConfigCommand.Check.class,
      ConfigExplainCommand.class,
      ConfigPublishCommand.class,
      ConfigCommand.Docs.class
    })
final class ConfigCommand implements Runnable {

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public void run() {
    CommandSpec own = spec;
    if (own != null) {
      throw new ParameterException(
          own.commandLine(), "config needs a command: check, explain, publish or docs");
    }
  }

  /** The roles that have a config file. */
  enum Role {
    ROUTER,
    AGENT,
  }

  /** {@code warmpath config check}. */
  @Command(
      name = "check",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = "Says everything that is wrong in a config file; exit code 2 when anything is.")
  static final class Check implements Callable<Integer> {

    @Option(
        names = "--role",
        paramLabel = "ROLE",
        description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private @Var Role role = Role.ROUTER;

    @Parameters(paramLabel = "FILE", description = "The config file.")
    private @Var Path file = Path.of("");

    @Spec private @Var @Nullable CommandSpec spec;

    @Override
    public Integer call() throws ConfigException, CommandFailure {
      switch (role) {
        case ROUTER -> ConfigFiles.read(file, RouterSettings.class, RouterSettings::config);
        case AGENT -> ConfigFiles.read(file, AgentSettings.class, AgentSettings::config);
      }
      Console.of(spec).line(file + " is valid");
      return ExitCodes.OK;
    }
  }

  /** {@code warmpath config docs}. */
  @Command(
      name = "docs",
      mixinStandardHelpOptions = true,
      description = "Prints docs/configuration.md: every setting with what is allowed.")
  static final class Docs implements Callable<Integer> {

    @Spec private @Var @Nullable CommandSpec spec;

    @Override
    public Integer call() {
      Console.of(spec).text(ConfigPage.markdown());
      return ExitCodes.OK;
    }
  }
}
