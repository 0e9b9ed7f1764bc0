package io.warmpath.router;

/** A request is refused before any replica was chosen; carries what the client is told. */
final class RequestRefusedException extends Exception {

  private static final long serialVersionUID = 1L;

  private final transient RequestFailure failure;

  RequestRefusedException(RequestFailure failure) {
    super(failure.message(), null, false, false);
    this.failure = failure;
  }

  /**
   * The field of the request that is to blame, and what follows its name in the sentence for the
   * client.
   */
  static RequestRefusedException badField(String field, String rest) {
    return new RequestRefusedException(
        new RequestFailure(RequestFailure.Kind.BAD_REQUEST, field, field + " " + rest, 0));
  }

  static RequestRefusedException badRequest(String message) {
    return new RequestRefusedException(
        new RequestFailure(RequestFailure.Kind.BAD_REQUEST, message));
  }

  static RequestRefusedException unknownModel(String message) {
    return new RequestRefusedException(
        new RequestFailure(RequestFailure.Kind.UNKNOWN_MODEL, message));
  }

  RequestFailure failure() {
    return failure;
  }
}
