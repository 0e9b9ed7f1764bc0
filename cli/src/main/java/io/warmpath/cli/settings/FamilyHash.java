package io.warmpath.cli.settings;

import io.warmpath.config.Form;

/** A family's key as {@code warmpath explain} prints it. */
@Form(FamilyHash.FORM)
record FamilyHash(long key) {

  static final String FORM = "1 to 16 hexadecimal digits, not all 0, as warmpath explain prints it";

  /** Reads the digits. */
  static FamilyHash parse(String text) {
    if (!text.matches("[0-9a-fA-F]{1,16}") || text.matches("0+")) {
      throw new IllegalArgumentException(FORM);
    }
    return new FamilyHash(Long.parseUnsignedLong(text, 16));
  }
}
