package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Somebody who may use the front doors, known by a key.
 *
 * @param name what the requests' tenant is then, 1 to 128 characters
 * @param keyHashes SHA-256 of each of the keys, 64 lower-case hexadecimal digits, at least one
 * @param operator whether the keys may also ask for the fleet, decisions and everyone's usage
 * @param passesKey whether engines are sent the key that the request came with
 */
public record Tenant(String name, @Var Set<String> keyHashes, boolean operator, boolean passesKey) {

  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

  public Tenant {
    keyHashes = Set.copyOf(keyHashes);
    if (name.isEmpty() || name.length() > AffinityInputs.MAX_TENANT_CHARACTERS) {
      throw new IllegalArgumentException(
          "the name has %d characters, allowed are 1 to %d"
              .formatted(name.length(), AffinityInputs.MAX_TENANT_CHARACTERS));
    }
    if (!name.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new IllegalArgumentException(
          "the name has other characters than visible ASCII, which headers cannot carry");
    }
    if (keyHashes.isEmpty()) {
      throw new IllegalArgumentException("has no key");
    }
    if (!keyHashes.stream().allMatch(hash -> HASH.matcher(hash).matches())) {
      throw new IllegalArgumentException("has a key hash that is not 64 lower-case hex digits");
    }
  }
}
