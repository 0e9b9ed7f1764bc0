package io.warmpath.cli;

import io.warmpath.cli.settings.RouterSettings;
import io.warmpath.config.ConfigException;
import io.warmpath.config.ConfigReader;
import io.warmpath.config.Overlay;
import io.warmpath.router.RouterConfig;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads the config files of the roles. */
final class ConfigFiles {

  /** Settings that say where the overlay is, and so cannot be in it. */
  private static final Set<String> FILE_ONLY = Set.of("zookeeper", "reload");

  private ConfigFiles() {}

  /** A router's settings and what they make. */
  record RouterFile(RouterSettings settings, RouterConfig config) {}

  /**
   * Returns what {@code make} makes of the settings in {@code file}.
   *
   * @throws ConfigException with everything that is wrong in the file
   * @throws CommandFailure when the settings do not fit each other
   */
  static <T extends Record, C> C read(Path file, Class<T> type, Function<T, C> make)
      throws ConfigException, CommandFailure {
    return made(file, new ConfigReader(System.getenv()).read(file, type), make);
  }

  /**
   * Returns a router's config.
   *
   * @param overlay what lies over the file, or null for nothing
   * @throws ConfigException with everything that is wrong in the two
   * @throws CommandFailure when the settings do not fit each other
   */
  static RouterFile router(Path file, @Nullable Overlay overlay)
      throws ConfigException, CommandFailure {
    RouterSettings settings =
        new ConfigReader(System.getenv()).read(file, overlay, RouterSettings.class);
    return new RouterFile(settings, made(file, settings, RouterSettings::config));
  }

  /**
   * Returns what lies over a router's file.
   *
   * @param source what messages call it
   * @throws CommandFailure when {@code yaml} is not UTF-8 text
   */
  static Overlay overlay(String source, byte[] yaml) throws CommandFailure {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(yaml)).toString();
      return new Overlay(source, text, FILE_ONLY);
    } catch (CharacterCodingException e) {
      throw CommandFailure.badInput(source + ": is not UTF-8 text");
    }
  }

  private static <T, C> C made(Path file, T settings, Function<T, C> make) throws CommandFailure {
    try {
      return make.apply(settings);
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(file + ": " + refused.getMessage());
    }
  }
}
