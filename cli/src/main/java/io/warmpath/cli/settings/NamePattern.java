package io.warmpath.cli.settings;

import io.warmpath.config.Form;
import io.warmpath.router.Glob;

/** A pattern of names. */
@Form(NamePattern.FORM)
record NamePattern(Glob glob) {

  static final String FORM =
      "a text of 1 to 512 characters, in which * stands for any characters and ? for one";

  /** Reads a pattern. */
  static NamePattern parse(String text) {
    try {
      return new NamePattern(new Glob(text));
    } catch (IllegalArgumentException refused) {
      throw new IllegalArgumentException(FORM, refused);
    }
  }
}
