package io.warmpath.config;

/**
 * One thing that is wrong in a config file.
 *
 * @param source name of the file
 * @param line line in the file, from 1; 0 when the problem has no place
 * @param path the setting, as in {@code models.llama.mode}; empty for the whole file
 * @param message one sentence without the place
 */
public record Problem(String source, int line, String path, String message) {

  /** Returns the place and the message as one line. */
  @Override
  public String toString() {
    String place = line == 0 ? source : source + ":" + line;
    return path.isEmpty() ? place + ": " + message : place + ": " + path + " " + message;
  }
}
