package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.engine.EngineProfile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say which engines are simulated. */
final class EngineOptions {

  @Option(
      names = "--replicas",
      paramLabel = "N",
      description = "Engines, each with an agent. Default: 4; 16 for a --trace.")
  private @Var @Nullable Integer replicas;

  @Option(
      names = "--profile",
      paramLabel = "NAME",
      description =
          "What an engine imitates: 8b-h100 or 70b-tp4. Default: 8b-h100; in a demo without a"
              + " --trace 70b-tp4.")
  private @Var @Nullable String profile;

  @Option(
      names = "--engine-speed",
      paramLabel = "FACTOR",
      description = "How much faster than the real engine it is. Default: ${DEFAULT-VALUE}.")
  private @Var double speed = 1;

  /** Returns the number of engines, {@code otherwise} when the user named none. */
  int replicas(int otherwise) {
    return replicas == null ? otherwise : replicas;
  }

  /**
   * Returns what to imitate, {@code otherwise} when the user named nothing.
   *
   * @throws IllegalArgumentException with one sentence when there is no such engine
   */
  EngineProfile profile(String otherwise) {
    return EngineProfile.named(profile == null ? otherwise : profile).atSpeed(speed);
  }
}
