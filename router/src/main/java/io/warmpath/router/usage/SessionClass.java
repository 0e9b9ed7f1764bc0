package io.warmpath.router.usage;

/** What keeps a request together with earlier ones, the first that it brings. */
public enum SessionClass {
  /** An id of the session, or of the end user. */
  SESSION("session"),

  /** A prompt cache key. */
  PROMPT_CACHE_KEY("promptCacheKey"),

  /** The conversation's own beginning. */
  OPENING("opening"),

  /** Nothing but its prompt's prefix. */
  NONE("none");

  private final String word;

  SessionClass(String word) {
    this.word = word;
  }

  /** The class as it is written in files, metrics and answers. */
  public String word() {
    return word;
  }

  /**
   * Returns the class with this word.
   *
   * @throws IllegalArgumentException when there is none
   */
  static SessionClass of(String word) {
    for (SessionClass known : values()) {
      if (known.word.equals(word)) {
        return known;
      }
    }
    throw new IllegalArgumentException("session is \"" + word + "\"");
  }
}
