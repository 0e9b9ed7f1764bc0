package io.warmpath.cli;

import java.nio.file.NoSuchFileException;

/** Says in one sentence what is wrong with an input. */
final class FileProblem {

  private FileProblem() {}

  /** Returns the sentence. */
  static String sentence(Exception problem) {
    if (problem instanceof NoSuchFileException missing) {
      return "there is no file " + missing.getFile();
    }
    String message = problem.getMessage();
    return message == null ? problem.toString() : message;
  }
}
