package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath key}. */
@Command(
    name = "key",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Makes an API key and prints it with its hash.",
      "",
      "The key is for the client, the hash for 'tenants' in the router's config. The key is not",
      "kept anywhere."
    })
final class KeyCommand implements Callable<Integer> {

  private static final String PREFIX = "sk-warmpath-";
  private static final int RANDOM_BYTES = 32;

  /** Shorter ones could be found by trying. */
  private static final int MIN_CHARACTERS = 24;

  private static final int MAX_CHARACTERS = 512;

  @Option(
      names = "--stdin",
      description = "Reads the key, one line, instead of making one; prints only its hash.")
  private @Var boolean stdin;

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandFailure, IOException {
    Console console = Console.of(spec);
    if (stdin) {
      console.line(hash(readKey()));
    } else {
      String key = newKey();
      console.line("key   " + key);
      console.line("hash  " + hash(key));
    }
    return ExitCodes.OK;
  }

  private static String newKey() {
    byte[] random = new byte[RANDOM_BYTES];
    new SecureRandom().nextBytes(random);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
  }

  private static String readKey() throws CommandFailure, IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String line = in.readLine();
    String key = line == null ? "" : line.strip();
    if (key.length() < MIN_CHARACTERS || key.length() > MAX_CHARACTERS) {
      throw CommandFailure.badInput(
          "the key has %d characters; allowed are %d to %d, drawn at random"
              .formatted(key.length(), MIN_CHARACTERS, MAX_CHARACTERS));
    }
    return key;
  }

  private static String hash(String key) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
