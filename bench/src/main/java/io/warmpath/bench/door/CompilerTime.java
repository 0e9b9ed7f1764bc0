package io.warmpath.bench.door;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Processor time that a JVM spends on compiling what it runs, which ends once it is warm. A lower
 * bound: the JVM ends compiler threads that are idle, and their time goes with them.
 */
final class CompilerTime {

  private CompilerTime() {}

  /** Seconds of process {@code id} so far; 0 when it is no JVM, or this is not Linux. */
  static double seconds(long id) {
    @Var long nanos = 0;
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc", Long.toString(id), "task"))) {
      for (Path thread : threads) {
        nanos += compilerNanos(thread);
      }
    } catch (IOException gone) {
      return 0;
    }
    return nanos / 1e9;
  }

  private static long compilerNanos(Path thread) {
    try {
      if (!Files.readString(thread.resolve("comm")).matches("C[12] CompilerThre.*\\s*")) {
        return 0;
      }
      String runAndWaited = Files.readString(thread.resolve("schedstat"));
      return Long.parseLong(runAndWaited.split(" ", 2)[0]);
    } catch (IOException ended) {
      return 0;
    }
  }
}
