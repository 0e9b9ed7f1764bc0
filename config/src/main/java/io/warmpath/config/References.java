package io.warmpath.config;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Replaces references to environment variables and files in values, so that secrets stay out of the
 * config file. The forms are <code>${env:NAME}</code> and <code>${file:PATH}</code>; a doubled
 * dollar sign before the brace stands for a literal one.
 */
final class References {

  private static final Pattern REFERENCE =
      Pattern.compile("\\$(\\$)\\{|\\$\\{(?:(env|file):([^}]*))?([^}]*)}?");
  private static final long MAX_FILE_BYTES = 64 * 1024;

  private final Map<String, String> environment;
  private final Path directory;

  /**
   * @param directory what relative paths are relative to
   */
  References(Map<String, String> environment, Path directory) {
    this.environment = environment;
    this.directory = directory;
  }

  /**
   * Returns {@code text} with every reference replaced.
   *
   * @throws IllegalArgumentException with a sentence that continues after the written value
   */
  String resolve(String text) {
    if (!text.contains("${")) {
      return text;
    }
    Matcher matcher = REFERENCE.matcher(text);
    StringBuilder resolved = new StringBuilder();
    while (matcher.find()) {
      matcher.appendReplacement(resolved, Matcher.quoteReplacement(replacement(matcher)));
    }
    return matcher.appendTail(resolved).toString();
  }

  private String replacement(Matcher matcher) {
    if (matcher.group(1) != null) {
      return "${";
    }
    @Nullable String kind = matcher.group(2);
    @Nullable String name = matcher.group(3);
    if (kind == null || name == null || name.isEmpty() || !matcher.group().endsWith("}")) {
      throw new IllegalArgumentException(
          "names no known reference; write ${env:NAME} or ${file:PATH}, and $${ for a literal ${");
    }
    return kind.equals("env") ? variable(name) : content(name);
  }

  private String variable(String name) {
    @Nullable String value = environment.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "needs the environment variable " + name + ", which is not set");
    }
    return value;
  }

  /** Returns a file's text without its last line break. */
  private String content(String name) {
    Path file = directory.resolve(name);
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new IllegalArgumentException(
            "needs a file of at most 64 KiB, " + file + " is larger");
      }
      @Var String text = Files.readString(file, StandardCharsets.UTF_8);
      text = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
      return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    } catch (IOException e) {
      throw new IllegalArgumentException("needs the file " + file + ", which cannot be read", e);
    }
  }
}
