package io.warmpath.relay.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the PEM files of one side contain at one moment; a component is null when there is no such
 * setting, or no such file.
 */
record PemTexts(@Nullable String certificate, @Nullable String key, @Nullable String authorities) {

  private static final long MAX_BYTES = 1 << 20;

  /** Reads the files as they are. */
  static PemTexts read(TlsSettings settings) {
    return new PemTexts(
        text(settings.certificate()), text(settings.key()), text(settings.authorities()));
  }

  private static @Nullable String text(@Nullable Path file) {
    try {
      return file == null || Files.size(file) > MAX_BYTES
          ? null
          : Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException gone) {
      return null; // As for a moment while files are swapped.
    }
  }

  /** Says nothing: one of the texts is a private key. */
  @Override
  public String toString() {
    return "PemTexts";
  }
}
