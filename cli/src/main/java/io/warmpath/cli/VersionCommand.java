package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code warmpath version}. */
@Command(
    name = "version",
    mixinStandardHelpOptions = true,
    description = "Prints the version of Warmpath and of the Java it runs on.")
final class VersionCommand implements Callable<Integer>, IVersionProvider {

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public String[] getVersion() {
    @Nullable String version = Main.class.getPackage().getImplementationVersion();
    return new String[] {
      "warmpath " + (version == null ? "(development)" : version) + ", Java " + Runtime.version()
    };
  }

  @Override
  public Integer call() {
    Console.of(spec).line(getVersion()[0]);
    return ExitCodes.OK;
  }
}
