package io.warmpath.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that leaves a command's table for programs. */
final class JsonFile {

  @Option(names = "--json", paramLabel = "FILE", description = "Writes the table as JSON.")
  private @Var @Nullable Path file;

  /** Returns the file, or null when the user named none. */
  @Nullable Path path() {
    return file;
  }

  /** Writes records as {@code {"runs": [...]}} if the user named a file. */
  void write(List<? extends Record> runs) throws IOException {
    if (file != null) {
      new ObjectMapper()
          .writerWithDefaultPrettyPrinter()
          .writeValue(file.toFile(), Map.of("runs", runs));
    }
  }
}
