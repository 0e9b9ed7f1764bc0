package io.warmpath.simulator.server;

import org.jspecify.annotations.Nullable;

/** A request that vLLM would refuse, with the status and JSON error that it would answer. */
final class ApiException extends Exception {

  private static final int BAD_REQUEST = 400;
  private static final int NOT_FOUND = 404;

  private final int status;
  private final String type;
  private final @Nullable String parameter;

  ApiException(int status, String type, String message, @Nullable String parameter) {
    super(message, null, false, false);
    this.status = status;
    this.type = type;
    this.parameter = parameter;
  }

  /** A well-formed request with a value that is not allowed. */
  static ApiException badRequest(String message, @Nullable String parameter) {
    return new ApiException(BAD_REQUEST, "BadRequestError", message, parameter);
  }

  /** A body that does not have the form of the request. */
  static ApiException malformed(String message) {
    return new ApiException(BAD_REQUEST, "Bad Request", message, null);
  }

  static ApiException unknownModel(String model) {
    return new ApiException(
        NOT_FOUND, "NotFoundError", "The model `" + model + "` does not exist.", "model");
  }

  int status() {
    return status;
  }

  String type() {
    return type;
  }

  @Nullable String parameter() {
    return parameter;
  }
}
