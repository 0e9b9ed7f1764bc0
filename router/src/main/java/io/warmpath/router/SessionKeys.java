package io.warmpath.router;

import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Turns session ids into keys: 64 bits of a keyed hash, so that what is stored, reported and shown
 * tells nothing of the id. Thread-safe.
 */
final class SessionKeys {

  private static final String ALGORITHM = "HmacSHA256";
  private static final int RANDOM_SECRET_BYTES = 32;

  private final SecretKeySpec secret;
  private final ThreadLocal<Mac> macs = ThreadLocal.withInitial(this::newMac);

  /** Takes the cluster's secret, empty for a random one. */
  SessionKeys(String clusterSecret) {
    byte[] key =
        clusterSecret.isEmpty() ? randomKey() : clusterSecret.getBytes(StandardCharsets.UTF_8);
    this.secret = new SecretKeySpec(key, ALGORITHM);
  }

  private static byte[] randomKey() {
    byte[] key = new byte[RANDOM_SECRET_BYTES];
    new SecureRandom().nextBytes(key);
    return key;
  }

  /** Returns the key of a tenant's session with a model, never 0; 0 for an empty session id. */
  long key(String tenant, String model, String sessionId) {
    if (sessionId.isEmpty()) {
      return 0;
    }
    Mac mac = macs.get();
    update(mac, tenant);
    update(mac, model);
    update(mac, sessionId);
    long key = ByteBuffer.wrap(mac.doFinal()).getLong();
    return key == 0 ? 1 : key;
  }

  /**
   * Returns the key of a conversation that names no session: that of its opening, the chain up to
   * its last full step and the bytes since. Never 0, but for an empty opening.
   *
   * @param prefix of the whole prompt
   * @param canonical bytes of the prompt, at least those of the opening
   * @param openingBytes how many of them are the opening
   */
  long ofOpening(
      String tenant, String model, PromptPrefix prefix, byte[] canonical, int openingBytes) {
    if (openingBytes == 0) {
      return 0;
    }
    int stepBytes = prefix.stepTokens() * PromptPrefixes.BYTES_PER_TOKEN;
    int steps = Math.min(openingBytes / stepBytes, prefix.stepCount());
    long chain = steps == 0 ? 0 : prefix.stepHash(steps - 1);
    return key(
        tenant, model, chain, Arrays.copyOfRange(canonical, steps * stepBytes, openingBytes));
  }

  private long key(String tenant, String model, long chain, byte[] rest) {
    Mac mac = macs.get();
    update(mac, tenant);
    update(mac, model);
    mac.update(ByteBuffer.allocate(Long.BYTES).putLong(chain).flip());
    update(mac, rest);
    long key = ByteBuffer.wrap(mac.doFinal()).getLong();
    return key == 0 ? 1 : key;
  }

  private static void update(Mac mac, String part) {
    update(mac, part.getBytes(StandardCharsets.UTF_8));
  }

  private static void update(Mac mac, byte[] bytes) {
    mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    mac.update(bytes);
  }

  private Mac newMac() {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(secret);
      return mac;
    } catch (GeneralSecurityException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
