package io.warmpath.agent;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Takes the W3C trace context out of a call's metadata, for the engine's request. */
final class TraceContext implements ServerInterceptor {

  private static final Metadata.Key<String> HEADER =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<String> KEY = Context.key("traceparent");
  private static final Pattern VALID =
      Pattern.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-.{2,64}");

  /** The header of the call that this thread serves, or null. */
  static @Nullable String current() {
    return KEY.get();
  }

  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(
      ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
    String value = headers.get(HEADER);
    if (value == null || !VALID.matcher(value).matches()) {
      return next.startCall(call, headers);
    }
    return Contexts.interceptCall(Context.current().withValue(KEY, value), call, headers, next);
  }
}
