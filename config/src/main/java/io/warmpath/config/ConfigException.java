package io.warmpath.config;

import java.util.List;
import java.util.stream.Collectors;

/** A config that is refused, with everything that is wrong in it. */
public final class ConfigException extends Exception {

  private static final long serialVersionUID = 1;

  private final transient List<Problem> problems;

  ConfigException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** Returns what is wrong, in the order of the file; at least one. */
  public List<Problem> problems() {
    return problems;
  }
}
