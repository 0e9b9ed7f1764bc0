package io.warmpath.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small real tokenizer; {@code make.py} beside the resources says how it was made. */
public final class TestTokenizer {

  private TestTokenizer() {}

  /** Writes its {@code tokenizer.json} into {@code directory} and returns the file. */
  public static Path writeTo(Path directory) throws IOException {
    return Files.writeString(directory.resolve("tokenizer.json"), json());
  }

  /** What its {@code tokenizer.json} says. */
  public static String json() {
    return resource("tokenizer.json");
  }

  /** Texts and their tokens: a list of objects with {@code text}, {@code special}, {@code ids}. */
  public static String expected() {
    return resource("expected.json");
  }

  private static String resource(String name) {
    try (InputStream in = TestTokenizer.class.getResourceAsStream("tokenizer/" + name)) {
      if (in == null) {
        throw new IllegalStateException("there is no resource " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
