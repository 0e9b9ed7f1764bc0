package io.warmpath.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

final class KeyCommandTest {

  @Test
  void key_isNewEachTimeAndPrintedWithItsHash() throws Exception {
    List<String> lines = Run.of("key").out().lines().toList();
    String key = lines.get(0).replaceFirst("key +", "");
    String hash = lines.get(1).replaceFirst("hash +", "");

    assertThat(key).matches("sk-warmpath-[A-Za-z0-9_-]{43}");
    assertThat(hash)
        .isEqualTo(
            HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(UTF_8))));
    assertThat(Run.of("key").out()).doesNotContain(key);
  }
}
