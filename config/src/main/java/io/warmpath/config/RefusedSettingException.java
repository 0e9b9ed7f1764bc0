package io.warmpath.config;

/**
 * Refuses a setting from the compact constructor of a record that contains it: a rule between
 * settings of different sections, reported at the place of one of them.
 */
public final class RefusedSettingException extends IllegalArgumentException {

  private static final long serialVersionUID = 1;

  private final String path;
  private final String sentence;

  /**
   * @param path the setting relative to the record, as in {@code families[2].match}
   * @param message one sentence that continues after the setting's name, such as "is hidden by …"
   */
  public RefusedSettingException(String path, String message) {
    super(message);
    this.path = path;
    this.sentence = message;
  }

  /** Returns the setting, relative to the record that refuses. */
  public String path() {
    return path;
  }

  /** Returns what is wrong with it. */
  public String sentence() {
    return sentence;
  }
}
