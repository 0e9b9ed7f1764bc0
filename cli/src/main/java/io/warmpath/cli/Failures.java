package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.warmpath.config.ConfigException;
import io.warmpath.membership.MembershipException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ConnectException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** Turns what a command throws into a sentence on stderr and an exit code. */
final class Failures {

  private Failures() {}

  /** Handles a command line that picocli or a command refuses. */
  static int onBadCommandLine(CommandLine.ParameterException refused, String[] args) {
    CommandLine command = refused.getCommandLine();
    PrintWriter err = command.getErr();
    err.println(prefix(command) + refused.getMessage());
    if (!CommandLine.UnmatchedArgumentException.printSuggestions(refused, err)) {
      err.println("See '" + command.getCommandSpec().qualifiedName() + " --help'.");
    }
    err.flush();
    return ExitCodes.BAD_INPUT;
  }

  /** Handles an exception that a command threw while it ran. */
  static int onException(Exception thrown, CommandLine command, CommandLine.ParseResult parsed) {
    PrintWriter err = command.getErr();
    boolean debug = Main.isDebug(command);
    String sentence = sentence(thrown);
    for (String line : sentence.split("\n", -1)) {
      err.println(prefix(command) + line);
    }
    if (debug) {
      thrown.printStackTrace(err);
    }
    err.flush();
    return exitCode(thrown);
  }

  private static String prefix(CommandLine command) {
    return command.getCommandSpec().qualifiedName() + ": ";
  }

  private static int exitCode(Exception thrown) {
    return switch (thrown) {
      case CommandFailure failure -> failure.exitCode();
      case ConfigException _ -> ExitCodes.BAD_INPUT;
      default -> ExitCodes.FAILED;
    };
  }

  /** Returns what went wrong, in words for the user; a bad config has a line for each problem. */
  static String sentence(Exception thrown) {
    return switch (thrown) {
      case CommandFailure failure -> words(failure);
      case ConfigException bad -> words(bad);
      case MembershipException unreachable -> words(unreachable);
      case StatusRuntimeException status -> ofStatus(status.getStatus());
      case NoSuchFileException missing -> "there is no file " + missing.getFile();
      case IOException io -> words(io);
      default ->
          "internal error, please report it with the output of --debug: "
              + thrown.getClass().getSimpleName()
              + ": "
              + words(thrown);
    };
  }

  /** Returns what a call's status says. */
  static String ofStatus(Status status) {
    @Nullable Throwable connect = connectFailure(status.getCause());
    if (connect != null) {
      return "the router cannot be reached: " + firstLine(connect.getMessage());
    }
    String description = firstLine(status.getDescription());
    return description.isEmpty()
        ? "the request failed with " + status.getCode()
        : description + " (" + status.getCode() + ")";
  }

  private static @Nullable Throwable connectFailure(@Nullable Throwable thrown) {
    for (@Var Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException || cause instanceof java.net.UnknownHostException) {
        return cause;
      }
    }
    return null;
  }

  private static String words(Exception thrown) {
    String message = thrown.getMessage();
    return message == null ? thrown.getClass().getSimpleName() : message;
  }

  private static String firstLine(@Nullable String text) {
    return text == null ? "" : text.lines().findFirst().orElse("");
  }
}
