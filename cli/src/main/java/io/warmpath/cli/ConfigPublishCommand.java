package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.config.ConfigException;
import io.warmpath.membership.ConfigNode;
import io.warmpath.membership.ZooKeeperSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code warmpath config publish}. */
@Command(
    name = "publish",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Checks settings that lie over the routers' config file and writes them to ZooKeeper, for"
            + " all routers whose file says reload.zookeeper.")
final class ConfigPublishCommand implements Callable<Integer> {

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "The routers' config file.")
  private @Var Path file = Path.of("");

  @ArgGroup(multiplicity = "1")
  private @Var What what = new What();

  @Spec private @Var @Nullable CommandSpec spec;

  /** What becomes of the znode. */
  static final class What {

    @Option(names = "--remove", description = "Removes what was published.")
    private @Var boolean remove;

    @Parameters(
        paramLabel = "OVERLAY",
        description = "A YAML file; its settings at the top level take the place of FILE's.")
    private @Var Path overlay = Path.of("");
  }

  @Override
  public Integer call() throws ConfigException, CommandFailure, IOException, InterruptedException {
    ZooKeeperSettings zooKeeper = ConfigFiles.router(file, null).settings().overlay();
    if (zooKeeper == null) {
      throw CommandFailure.badInput(
          file + ": reload.zookeeper is false, so no router with this file would take it");
    }
    byte[] yaml = what.remove ? new byte[0] : Files.readAllBytes(what.overlay);
    if (!what.remove) {
      ConfigFiles.router(file, ConfigFiles.overlay(what.overlay.toString(), yaml));
    }
    try (ConfigNode node = ConfigNode.connect(zooKeeper)) {
      if (what.remove) {
        node.remove();
        Console.of(spec).line(node.name() + " is removed");
      } else {
        node.write(yaml);
        Console.of(spec).line(what.overlay + " is published to " + node.name());
      }
    } catch (IllegalArgumentException tooLong) {
      throw CommandFailure.badInput(what.overlay + ": " + tooLong.getMessage());
    }
    return ExitCodes.OK;
  }
}
