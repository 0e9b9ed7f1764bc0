package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.membership.ZooKeeperMember;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath zookeeper}. */
@Command(
    name = "zookeeper",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Runs a ZooKeeper server, alone or in an ensemble, for clusters that have none.")
final class ZooKeeperCommand implements Callable<Integer> {

  private static final Pattern ORDINAL = Pattern.compile(".*-([0-9]{1,2})");

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "ZooKeeper's own configuration, zoo.cfg.")
  private @Var Path file = Path.of("");

  @Option(
      names = "--pod-name",
      paramLabel = "NAME",
      description =
          "The pod's name in a StatefulSet; server N + 1 of the ensemble runs in pod NAME-N."
              + " Without it the data directory's myid counts.")
  private @Var String podName = "";

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandFailure, IOException, InterruptedException {
    ZooKeeperMember member = ZooKeeperMember.start(file, id());
    Console console = Console.of(spec);
    UntilStopped.run(() -> console.note("ZooKeeper runs by " + file), member::close);
    return ExitCodes.OK;
  }

  private int id() throws CommandFailure {
    if (podName.isEmpty()) {
      return 0;
    }
    Matcher ordinal = ORDINAL.matcher(podName);
    if (!ordinal.matches()) {
      throw CommandFailure.badInput(
          "--pod-name is '" + podName + "'; it must end in a number, as in zookeeper-0");
    }
    return Integer.parseInt(ordinal.group(1)) + 1;
  }
}
