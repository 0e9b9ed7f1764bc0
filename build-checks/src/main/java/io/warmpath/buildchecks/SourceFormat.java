package io.warmpath.buildchecks;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * google-java-format over every Java source of the project. It runs here, in the JDK that compiles
 * the project, because a formatter inside Maven's own JVM cannot parse Java 25 when that is a 17.
 */
public final class SourceFormat {

  private SourceFormat() {}

  /** Rewrites every source below the root given as first argument that is not formatted. */
  public static void main(String[] args) throws IOException, FormatterException {
    for (Path file : unformatted(Path.of(args[0]))) {
      Files.writeString(file, formatted(Files.readString(file)));
    }
  }

  /** Returns the sources below {@code root} that the formatter would change. */
  static List<Path> unformatted(Path root) throws IOException, FormatterException {
    List<Path> found = new ArrayList<>();
    for (Path file : sources(root)) {
      String text = Files.readString(file);
      if (!formatted(text).equals(text)) {
        found.add(file);
      }
    }
    return found;
  }

  static String formatted(String source) throws FormatterException {
    return new Formatter().formatSourceAndFixImports(source);
  }

  private static List<Path> sources(Path root) throws IOException {
    List<Path> sources = new ArrayList<>();
    try (Stream<Path> modules = Files.list(root)) {
      for (Path module : modules.filter(Files::isDirectory).toList()) {
        Path src = module.resolve("src");
        if (Files.isDirectory(src)) {
          try (Stream<Path> files = Files.walk(src)) {
            files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
          }
        }
      }
    }
    return sources;
  }
}
