package io.warmpath.cli.sticky;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The names of policies on the command line and in results. */
final class PolicyNames {

  private PolicyNames() {}

  /** Returns the name of {@code policy}, such as {@code round-robin}. */
  static String of(Enum<?> policy) {
    return policy.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Returns that of {@code policies} whose name is {@code id}.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  static <P extends Enum<P>> P find(P[] policies, String id) {
    return Arrays.stream(policies)
        .filter(policy -> of(policy).equals(id))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown policy \"%s\", known: %s"
                    .formatted(
                        id,
                        Arrays.stream(policies)
                            .map(PolicyNames::of)
                            .collect(Collectors.joining(", ")))));
  }
}
