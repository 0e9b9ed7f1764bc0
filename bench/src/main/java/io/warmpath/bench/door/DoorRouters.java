package io.warmpath.bench.door;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which routers to measure, as options of a command. */
final class DoorRouters {

  @Option(
      names = "--warmpath",
      required = true,
      description = "the warmpath command; more than once to compare builds")
  private final List<Path> warmpaths = new ArrayList<>();

  @Option(names = "--smg", description = "SGLang's gateway, to run beside it")
  private @Var @Nullable Path smg;

  @Option(names = "--envoy", description = "Envoy, to run beside it")
  private @Var @Nullable Path envoy;

  /** A router that does not run yet. */
  interface Chosen {

    /** Starts it in front of the engines at {@code urls}; it keeps its files in a directory. */
    DoorTarget start(List<String> urls, Path directory) throws IOException, InterruptedException;
  }

  /** The routers, in the order in which they are measured. */
  List<Chosen> chosen() {
    List<Chosen> chosen = new ArrayList<>();
    for (Path warmpath : warmpaths) {
      String name = warmpaths.size() == 1 ? "warmpath" : "warmpath " + (chosen.size() + 1);
      chosen.add((urls, directory) -> DoorTarget.warmpath(name, warmpath, urls, directory));
    }
    add(smg, DoorTarget::smg, chosen);
    add(envoy, DoorTarget::envoy, chosen);
    return chosen;
  }

  private interface Kind {
    DoorTarget start(Path command, List<String> urls, Path directory)
        throws IOException, InterruptedException;
  }

  private static void add(@Nullable Path command, Kind kind, List<Chosen> chosen) {
    if (command != null) {
      chosen.add((urls, directory) -> kind.start(command, urls, directory));
    }
  }
}
