package io.warmpath.cli.settings;

import com.google.errorprone.annotations.Var;
import io.warmpath.config.RefusedSettingException;
import io.warmpath.config.Secret;
import io.warmpath.config.Setting;
import io.warmpath.router.Tenant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Somebody who has API keys. */
record TenantSection(
    @Setting(
            doc =
                "Who it is, unique, of visible ASCII characters: the tenant of its requests, in"
                    + " `families`, sessions and usage.",
            min = "1",
            max = "128",
            reloadable = true)
        String name,
    @Setting(
            doc =
                "SHA-256 of each of its keys, 64 hexadecimal digits, as `warmpath key` prints them;"
                    + " never the keys themselves.",
            max = "100",
            reloadable = true)
        List<Secret> keys,
    @Setting(
            doc = "Files with further such hashes, a line each; what follows a `#` is a comment.",
            max = "16",
            reloadable = true)
        List<Path> keyFiles,
    @Setting(
            doc =
                "Whether its keys may also ask over gRPC for the fleet, for decisions and for"
                    + " everyone's usage.",
            defaultValue = "false",
            reloadable = true)
        boolean operator,
    @Setting(
            doc = "Whether engines are sent the key that an HTTP request came with.",
            defaultValue = "false",
            reloadable = true)
        boolean passKey) {

  private static final long MAX_FILE_BYTES = 1 << 20;

  TenantSection {
    make(name, keys, keyFiles, operator, passKey);
  }

  Tenant tenant() {
    return make(name, keys, keyFiles, operator, passKey);
  }

  private static Tenant make(
      String name, List<Secret> keys, List<Path> keyFiles, boolean operator, boolean passKey) {
    Set<String> hashes = new HashSet<>();
    for (@Var int i = 0; i < keys.size(); i++) {
      add(keys.get(i).value(), "keys[" + i + "]", "", hashes);
    }
    for (@Var int i = 0; i < keyFiles.size(); i++) {
      readFile(keyFiles.get(i), "keyFiles[" + i + "]", hashes);
    }
    return new Tenant(name, hashes, operator, passKey);
  }

  private static void readFile(Path file, String place, Set<String> hashes) {
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new RefusedSettingException(place, "is a file of more than 1 MiB: " + file);
      }
      @Var int line = 0;
      for (String text : Files.readAllLines(file)) {
        line++;
        String hash = text.replaceFirst("#.*", "").strip();
        if (!hash.isEmpty()) {
          add(hash, place, ", line " + line, hashes);
        }
      }
    } catch (IOException unreadable) {
      throw new IllegalArgumentException("cannot read " + file, unreadable);
    }
  }

  /* What was given is not repeated: it may be a key. */
  private static void add(String hash, String place, String line, Set<String> hashes) {
    String digits = hash.toLowerCase(Locale.ROOT);
    if (!digits.matches("[0-9a-f]{64}")) {
      throw new RefusedSettingException(
          place,
          "has no hash of a key%s; give 64 hexadecimal digits, as `warmpath key` prints them"
              .formatted(line));
    }
    hashes.add(digits);
  }
}
