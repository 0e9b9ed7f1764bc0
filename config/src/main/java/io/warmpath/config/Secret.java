package io.warmpath.config;

/** A string that must not be printed: a password, a key. */
@Form("a text, best as ${env:NAME} or ${file:PATH}")
public record Secret(String value) {

  /** Reads the secret; every text is one. */
  public static Secret parse(String text) {
    return new Secret(text);
  }

  /** Returns a fixed mask. */
  @Override
  public String toString() {
    return "******";
  }
}
