package io.warmpath.router;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tenants by their keys. Immutable. */
final class ApiKeys {

  /*
   * A key is looked up by its SHA-256. How long that takes depends on the hash alone, and a client
   * cannot choose a key whose hash begins as a tenant's does, so there is nothing to learn from it;
   * the keys themselves are nowhere. One plain hash is enough, without salt and without rounds,
   * because keys are drawn at random, with more bits than anybody can try.
   */
  static final int MAX_KEY_CHARACTERS = 512;

  private static final String BEARER = "Bearer ";
  private static final ThreadLocal<MessageDigest> SHA_256 =
      ThreadLocal.withInitial(ApiKeys::sha256);

  private final Map<ByteBuffer, Tenant> tenants = new HashMap<>();

  ApiKeys(List<Tenant> tenants) {
    for (Tenant tenant : tenants) {
      for (String hash : tenant.keyHashes()) {
        this.tenants.put(ByteBuffer.wrap(HexFormat.of().parseHex(hash)), tenant);
      }
    }
  }

  /** Whether everybody is let in, since there are no tenants. */
  boolean open() {
    return tenants.isEmpty();
  }

  /**
   * Returns whose key a request brings, or null when it brings none or an unknown one.
   *
   * @param authorization the value of {@code authorization}, null when absent
   * @param apiKey the value of {@code x-api-key}, which counts when the other is absent
   */
  @Nullable Tenant find(@Nullable String authorization, @Nullable String apiKey) {
    if (authorization == null) {
      return apiKey == null ? null : find(apiKey);
    }
    return authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())
        ? find(authorization.substring(BEARER.length()).strip())
        : null;
  }

  private @Nullable Tenant find(String key) {
    if (key.length() > MAX_KEY_CHARACTERS) {
      return null;
    }
    byte[] hash = SHA_256.get().digest(key.getBytes(StandardCharsets.UTF_8));
    return tenants.get(ByteBuffer.wrap(hash));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
