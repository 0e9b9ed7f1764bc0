package io.warmpath.cli;

/** A command cannot do what it is asked; the message is one sentence for the user. */
final class CommandFailure extends Exception {

  private static final long serialVersionUID = 1;

  private final int exitCode;

  private CommandFailure(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  /** What was asked is right, but it did not work. */
  static CommandFailure failed(String message) {
    return new CommandFailure(ExitCodes.FAILED, message);
  }

  /** What was asked is wrong. */
  static CommandFailure badInput(String message) {
    return new CommandFailure(ExitCodes.BAD_INPUT, message);
  }

  int exitCode() {
    return exitCode;
  }
}
