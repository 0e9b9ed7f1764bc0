package io.warmpath.router.usage;

import java.time.LocalDate;

/** What usage can be told apart by. */
public enum UsageDimension {
  DAY,
  TENANT,
  MODEL,
  FAMILY,
  SESSION_CLASS;

  /** Returns the value that a row has. */
  String of(LocalDate day, UsageKey key) {
    return switch (this) {
      case DAY -> day.toString();
      case TENANT -> key.tenant();
      case MODEL -> key.model();
      case FAMILY -> key.familyWord();
      case SESSION_CLASS -> key.session().word();
    };
  }
}
