package io.warmpath.cli.settings;

import io.warmpath.config.Setting;
import io.warmpath.relay.tls.TlsSettings;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** TLS of a role's listeners, from PEM files. */
record TlsSection(
    @Setting(doc = "PEM file with the own certificate, followed by those of its authorities.")
        Path certificate,
    @Setting(doc = "PEM file with its private key, RSA or EC, without a password.") Path key,
    @Setting(
            doc =
                "PEM file with the authorities that sign clients' certificates; clients without one"
                    + " are then refused.")
        @Nullable Path clientCa,
    @Setting(
            doc =
                "How often the files are looked at. New connections use changed files; a pair that"
                    + " does not work is refused and the old one goes on.",
            defaultValue = "10s",
            min = "100ms",
            max = "1h")
        Duration checkPeriod) {

  TlsSettings settings() {
    return new TlsSettings(certificate, key, clientCa, checkPeriod);
  }

  /** TLS to agents. */
  record Upstream(
      @Setting(doc = "PEM file with the authorities that sign agents' certificates.") Path ca,
      @Setting(doc = "PEM file with the router's own certificate, when agents ask for one.")
          @Nullable Path certificate,
      @Setting(doc = "PEM file with its private key.") @Nullable Path key,
      @Setting(
              doc =
                  "What every agent's certificate must name; absent for the host that the agent"
                      + " announces, which is often an address.",
              min = "1",
              max = "253")
          @Nullable String serverName,
      @Setting(
              doc = "How often the files are looked at.",
              defaultValue = "10s",
              min = "100ms",
              max = "1h")
          Duration checkPeriod) {

    Upstream {
      make(certificate, key, ca, checkPeriod);
    }

    TlsSettings settings() {
      return make(certificate, key, ca, checkPeriod);
    }

    private static TlsSettings make(
        @Nullable Path certificate, @Nullable Path key, Path ca, Duration checkPeriod) {
      return new TlsSettings(certificate, key, ca, checkPeriod);
    }
  }
}
