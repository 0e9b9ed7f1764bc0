package io.warmpath.cli.settings;

import io.warmpath.config.Form;

/**
 * Replicas that share a family.
 *
 * @param replicas 0 to follow the family's traffic
 */
@Form(ReplicaSetSize.FORM)
record ReplicaSetSize(int replicas) {

  static final String FORM = "auto or a whole number from 1 to 9999";

  /** Reads {@code auto} or a number. */
  static ReplicaSetSize parse(String text) {
    if (text.equals("auto")) {
      return new ReplicaSetSize(0);
    }
    if (!text.matches("[1-9][0-9]{0,3}")) {
      throw new IllegalArgumentException(FORM);
    }
    return new ReplicaSetSize(Integer.parseInt(text));
  }
}
