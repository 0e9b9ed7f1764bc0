package io.warmpath.relay.tls;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where one side of TLS finds its PEM files.
 *
 * @param certificate own certificate, followed by those between it and its authority; null for none
 * @param key its private key; null exactly when there is no certificate
 * @param authorities certificates that may have signed the other side's; null when the other side
 *     needs none
 * @param checkPeriod how often the files are looked at, above 0
 */
public record TlsSettings(
    @Nullable Path certificate,
    @Nullable Path key,
    @Nullable Path authorities,
    Duration checkPeriod) {

  /** How often the files are looked at unless said otherwise. */
  public static final Duration DEFAULT_CHECK_PERIOD = Duration.ofSeconds(10);

  public TlsSettings {
    if ((certificate == null) != (key == null)) {
      throw new IllegalArgumentException(
          "has %s without %s; give both or neither"
              .formatted(
                  certificate == null ? "`key`" : "`certificate`",
                  certificate == null ? "`certificate`" : "`key`"));
    }
    if (certificate == null && authorities == null) {
      throw new IllegalArgumentException("names no file");
    }
    if (!checkPeriod.isPositive()) {
      throw new IllegalArgumentException("checkPeriod: " + checkPeriod + ", allowed: above 0");
    }
  }

  /** Returns those of a server; its clients need a certificate exactly with {@code clientCa}. */
  public static TlsSettings server(Path certificate, Path key, @Nullable Path clientCa) {
    return new TlsSettings(certificate, key, clientCa, DEFAULT_CHECK_PERIOD);
  }

  /** Returns those of a client without a certificate of its own. */
  public static TlsSettings client(Path authorities) {
    return new TlsSettings(null, null, authorities, DEFAULT_CHECK_PERIOD);
  }
}
