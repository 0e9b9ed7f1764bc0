package io.warmpath.router;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A failure in the form in which OpenAI's clients expect it.
 *
 * @param status the HTTP status
 * @param type OpenAI's word for the kind
 * @param code OpenAI's word for the case, or {@code null} for none
 * @param param the field at fault, or {@code null} for none
 * @param message one sentence
 */
record OpenAiError(
    HttpResponseStatus status,
    String type,
    @Nullable String code,
    @Nullable String param,
    String message) {

  static OpenAiError of(RequestFailure failure) {
    String text = failure.message();
    return switch (failure.kind()) {
      case BAD_REQUEST ->
          new OpenAiError(
              HttpResponseStatus.BAD_REQUEST,
              "invalid_request_error",
              null,
              failure.field().isEmpty() ? null : failure.field(),
              text);
      case UNKNOWN_MODEL ->
          new OpenAiError(
              HttpResponseStatus.NOT_FOUND,
              "invalid_request_error",
              "model_not_found",
              "model",
              text);
      case CONSTRAINTS_UNSATISFIABLE ->
          new OpenAiError(
              HttpResponseStatus.NOT_FOUND,
              "invalid_request_error",
              "no_allowed_replica",
              "provider",
              text);
      case OVERLOADED ->
          new OpenAiError(
              HttpResponseStatus.TOO_MANY_REQUESTS,
              "rate_limit_error",
              "rate_limit_exceeded",
              null,
              text);
      case NO_READY_REPLICA ->
          server(HttpResponseStatus.SERVICE_UNAVAILABLE, "service_unavailable", text);
      case REPLICA_FAILED -> server(HttpResponseStatus.BAD_GATEWAY, "replica_failed", text);
      case DEADLINE_EXCEEDED -> server(HttpResponseStatus.GATEWAY_TIMEOUT, "timeout", text);
      case CANCELLED -> server(HttpResponseStatus.SERVICE_UNAVAILABLE, "cancelled", text);
    };
  }

  /** Returns an error that the client's own request is to blame for. */
  static OpenAiError badRequest(HttpResponseStatus status, String message) {
    return new OpenAiError(status, "invalid_request_error", null, null, message);
  }

  private static OpenAiError server(HttpResponseStatus status, String code, String message) {
    return new OpenAiError(status, "server_error", code, null, message);
  }

  /** The response body. */
  byte[] json() {
    String body =
        "{\"error\":{\"message\":"
            + quoted(message)
            + ",\"type\":"
            + quoted(type)
            + ",\"param\":"
            + quoted(param)
            + ",\"code\":"
            + quoted(code)
            + "}}";
    return body.getBytes(StandardCharsets.UTF_8);
  }

  /** The same as the last event of a stream. */
  byte[] event() {
    String event = "data: " + new String(json(), StandardCharsets.UTF_8) + "\n\ndata: [DONE]\n\n";
    return event.getBytes(StandardCharsets.UTF_8);
  }

  /** The same as the last event of a stream of Anthropic's API, whose clients go by its name. */
  byte[] messagesEvent() {
    String event =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":"
            + quoted(message)
            + "}}\n\n";
    return event.getBytes(StandardCharsets.UTF_8);
  }

  private static String quoted(@Nullable String text) {
    return text == null
        ? "null"
        : '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
  }
}
