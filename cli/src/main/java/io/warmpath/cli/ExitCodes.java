package io.warmpath.cli;

/** What the command's exit code says. */
final class ExitCodes {

  static final int OK = 0;

  /** It did not work. */
  static final int FAILED = 1;

  /** The command line or a config file is wrong. */
  static final int BAD_INPUT = 2;

  private ExitCodes() {}
}
