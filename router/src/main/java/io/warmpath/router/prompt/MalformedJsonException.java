package io.warmpath.router.prompt;

/** The bytes are not the JSON that was expected. */
final class MalformedJsonException extends Exception {

  private static final long serialVersionUID = 1L;

  MalformedJsonException(String message) {
    super(message, null, false, false);
  }
}
