package io.warmpath.cli;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Where a command writes.
 *
 * @param out what was asked for
 * @param err everything else
 */
record Console(PrintWriter out, PrintWriter err) {

  /** Returns the console of the command that {@code spec} was injected into. */
  static Console of(@Nullable CommandSpec spec) {
    if (spec == null) {
      throw new IllegalStateException("the command was not made by picocli");
    }
    return new Console(spec.commandLine().getOut(), spec.commandLine().getErr());
  }

  /** Writes one line of what was asked for. */
  void line(String text) {
    out.println(text);
    out.flush();
  }

  /** Writes one formatted line of what was asked for. */
  @FormatMethod
  void linef(@FormatString String format, @Nullable Object... arguments) {
    line(String.format(Locale.ROOT, format, arguments));
  }

  /** Writes text without a line break. */
  void text(String text) {
    out.print(text);
    out.flush();
  }

  /** Writes one line about what was asked for. */
  void note(String text) {
    err.println(text);
    err.flush();
  }

  /** Writes one formatted line about what was asked for. */
  @FormatMethod
  void notef(@FormatString String format, @Nullable Object... arguments) {
    note(String.format(Locale.ROOT, format, arguments));
  }
}
