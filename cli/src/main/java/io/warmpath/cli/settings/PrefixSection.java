package io.warmpath.cli.settings;

import com.google.errorprone.annotations.Var;
import io.warmpath.config.Setting;
import io.warmpath.router.NamedPrefix;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The beginning of prompts, under a name; exactly one of its settings is given. */
record PrefixSection(
    @Setting(
            doc = "What the prompt, or the first message of a chat without tools, begins with.",
            reloadable = true)
        @Nullable String text,
    @Setting(doc = "A file with that text, UTF-8, its last line break left out.", reloadable = true)
        @Nullable Path textFile,
    @Setting(
            doc =
                "A file with the token ids that a prompt of token ids begins with, separated by"
                    + " white space or commas.",
            reloadable = true)
        @Nullable Path tokenFile) {

  static final int MAX_FILE_BYTES = 4 << 20;

  PrefixSection {
    int given = (text == null ? 0 : 1) + (textFile == null ? 0 : 1) + (tokenFile == null ? 0 : 1);
    if (given != 1) {
      throw new IllegalArgumentException(
          "give exactly one of text, textFile and tokenFile; there are " + given);
    }
    if (textFile != null) {
      read(textFile);
    }
    if (tokenFile != null) {
      tokens(read(tokenFile), tokenFile);
    }
  }

  /** Returns the prefix, its file read. */
  NamedPrefix prefix(String name) {
    if (tokenFile != null) {
      return NamedPrefix.ofTokens(name, tokens(read(tokenFile), tokenFile));
    }
    @Var String content = text;
    if (textFile != null) {
      content = read(textFile).replaceFirst("\r?\n\\z", "");
    }
    return NamedPrefix.ofText(name, content == null ? "" : content);
  }

  /** Returns the files that it is made of. */
  List<Path> files() {
    if (textFile != null) {
      return List.of(textFile);
    }
    return tokenFile == null ? List.of() : List.of(tokenFile);
  }

  private static String read(Path file) {
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new IllegalArgumentException(file + " has more than 4 MiB");
      }
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (NoSuchFileException missing) {
      throw new IllegalArgumentException("there is no file " + file, missing);
    } catch (CharacterCodingException binary) {
      throw new IllegalArgumentException(file + " is not UTF-8 text", binary);
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(file + " cannot be read", unreadable);
    }
  }

  private static int[] tokens(String text, Path file) {
    String[] words = text.strip().split("[\\s,]+", -1);
    int[] tokens = new int[words.length];
    for (@Var int i = 0; i < words.length; i++) {
      if (!words[i].matches("[0-9]{1,9}")) {
        throw new IllegalArgumentException(
            "%s: token %d is \"%s\"; it must be a whole number below 1,000,000,000"
                .formatted(file, i + 1, words[i].substring(0, Math.min(20, words[i].length()))));
      }
      tokens[i] = Integer.parseInt(words[i]);
    }
    return tokens;
  }
}
