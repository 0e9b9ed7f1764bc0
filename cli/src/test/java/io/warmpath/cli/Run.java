package io.warmpath.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * One run of the command within the test's process.
 *
 * @param exitCode what the process would end with
 * @param out what it wrote to stdout; likewise {@code err}
 */
public record Run(int exitCode, String out, String err) {

  /** Runs the command with these arguments. */
  public static Run of(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode = Main.run(args, new PrintWriter(out), new PrintWriter(err));
    return new Run(exitCode, out.toString(), err.toString());
  }
}
