package io.warmpath.router.usage;

import java.util.regex.Pattern;

/**
 * Whose usage is added up in one number.
 *
 * @param tenant who asked, empty for nobody in particular
 * @param model the base model's name
 * @param family the prompt's family, {@link #NO_FAMILY} or {@link #OTHER_FAMILY}
 * @param session what keeps the requests together
 */
public record UsageKey(String tenant, String model, long family, SessionClass session) {

  /** Prompts that are too short for a family. */
  public static final long NO_FAMILY = 0;

  /** Families that are not told apart. */
  public static final long OTHER_FAMILY = -1;

  /** Tenants that are not told apart; a tenant of that name is not told apart either. */
  public static final String OTHER_TENANT = "other";

  private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");
  private static final String NO_FAMILY_WORD = "none";
  private static final String OTHER_FAMILY_WORD = "other";

  /** Returns the same with a tenant that is fit to be shown, without control characters. */
  UsageKey shown() {
    String plain = CONTROL.matcher(tenant).replaceAll("?");
    return plain.equals(tenant) ? this : new UsageKey(plain, model, family, session);
  }

  /** Whether it is of one family. */
  boolean hasFamily() {
    return family != NO_FAMILY && family != OTHER_FAMILY;
  }

  /** Returns the same without telling its family. */
  UsageKey withoutFamily() {
    return hasFamily() ? new UsageKey(tenant, model, OTHER_FAMILY, session) : this;
  }

  /** Returns the same of a tenant that is not told. */
  UsageKey withoutTenant() {
    return new UsageKey(OTHER_TENANT, model, family, session);
  }

  /** The family as it is written in files and answers. */
  String familyWord() {
    if (family == NO_FAMILY) {
      return NO_FAMILY_WORD;
    }
    return family == OTHER_FAMILY ? OTHER_FAMILY_WORD : "%016x".formatted(family);
  }

  /**
   * Returns the family of a {@link #familyWord}.
   *
   * @throws IllegalArgumentException when it is none
   */
  static long family(String word) {
    return switch (word) {
      case NO_FAMILY_WORD -> NO_FAMILY;
      case OTHER_FAMILY_WORD -> OTHER_FAMILY;
      default -> Long.parseUnsignedLong(word, 16);
    };
  }
}
