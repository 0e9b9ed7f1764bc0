package io.warmpath.cli;

import io.warmpath.config.ConfigException;
import io.warmpath.config.ConfigReader;
import java.nio.file.Path;
import java.util.function.Function;

/** Reads the config files of the roles. */
final class ConfigFiles {

  private ConfigFiles() {}

  /**
   * Returns what {@code make} makes of the settings in {@code file}.
   *
   * @throws ConfigException with everything that is wrong in the file
   * @throws CommandFailure when the settings do not fit each other
   */
  static <T extends Record, C> C read(Path file, Class<T> type, Function<T, C> make)
      throws ConfigException, CommandFailure {
    T settings = new ConfigReader(System.getenv()).read(file, type);
    try {
      return make.apply(settings);
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(file + ": " + refused.getMessage());
    }
  }
}
