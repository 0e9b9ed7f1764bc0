package io.warmpath.config;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;

/** Reads a YAML file into a record whose components carry {@link Setting}. */
public final class ConfigReader {

  private final Map<String, String> environment;

  /**
   * @param environment the variables that values may refer to, usually {@link System#getenv()}
   */
  public ConfigReader(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  /**
   * Returns the config in {@code file}.
   *
   * @throws ConfigException with everything that is wrong in it
   */
  public <T extends Record> T read(Path file, Class<T> type) throws ConfigException {
    return read(file, null, type);
  }

  /**
   * Returns the config in {@code file} under {@code overlay}.
   *
   * @param overlay relative paths in it are relative to the file; null for none
   * @throws ConfigException with everything that is wrong in the two
   */
  public <T extends Record> T read(Path file, @Nullable Overlay overlay, Class<T> type)
      throws ConfigException {
    String text;
    try {
      text = Files.readString(file, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw refused(file.toString(), 0, "there is no such file");
    } catch (CharacterCodingException e) {
      throw refused(file.toString(), 0, "the file is not UTF-8 text");
    } catch (IOException e) {
      throw refused(file.toString(), 0, "the file cannot be read");
    }
    @Nullable Path directory = file.toAbsolutePath().getParent();
    Path base = directory == null ? Path.of("") : directory;
    return parse(text, file.toString(), base, overlay, type);
  }

  /**
   * Returns the config in {@code yaml}.
   *
   * @param source what messages call the text
   * @param directory what relative paths in it are relative to
   * @throws ConfigException with everything that is wrong in it
   */
  public <T extends Record> T parse(String yaml, String source, Path directory, Class<T> type)
      throws ConfigException {
    return parse(yaml, source, directory, null, type);
  }

  private <T extends Record> T parse(
      String yaml, String source, Path directory, @Nullable Overlay overlay, Class<T> type)
      throws ConfigException {
    Layers layers = new Layers(source, compose(yaml, source));
    if (overlay != null) {
      layers.lay(overlay, compose(overlay.yaml(), overlay.source()));
    }
    References references = new References(environment, directory);
    Binder binder = new Binder(layers, directory, references, Schema.of(type));
    Optional<Object> config = binder.bind(layers.document());
    if (!binder.problems().isEmpty() || config.isEmpty()) {
      throw new ConfigException(binder.problems());
    }
    return type.cast(config.get());
  }

  private static Node compose(String yaml, String source) throws ConfigException {
    try {
      return YamlDocument.compose(new StringReader(yaml));
    } catch (MarkedYAMLException e) {
      throw malformed(source, e);
    } catch (YAMLException e) {
      throw refused(source, 0, "no valid YAML: " + oneLine(e.getMessage()));
    }
  }

  private static ConfigException malformed(String source, MarkedYAMLException e) {
    @Nullable Mark mark = e.getProblemMark();
    String context = e.getContext() == null ? "" : oneLine(e.getContext()) + ", ";
    return refused(
        source,
        mark == null ? 0 : mark.getLine() + 1,
        "no valid YAML: " + context + oneLine(e.getProblem()));
  }

  private static ConfigException refused(String source, int line, String message) {
    return new ConfigException(List.of(new Problem(source, line, "", message)));
  }

  private static String oneLine(@Nullable String message) {
    return message == null ? "unreadable" : message.strip().replaceAll("\\s+", " ");
  }
}
