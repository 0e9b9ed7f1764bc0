package io.warmpath.router;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.RoutingServiceGrpc;
import org.jspecify.annotations.Nullable;

/**
 * Lets gRPC calls in by their key. Health and reflection are open to all; what tells of the fleet
 * and of others' usage is for operators.
 */
final class GrpcGate implements ServerInterceptor {

  /** Whose key the call brought; null when no key is needed. */
  static final Context.Key<Tenant> TENANT = Context.key("tenant");

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> API_KEY =
      Metadata.Key.of("x-api-key", Metadata.ASCII_STRING_MARSHALLER);

  private final Gate gate;

  GrpcGate(Gate gate) {
    this.gate = gate;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    ApiKeys keys = gate.keys();
    String service = call.getMethodDescriptor().getServiceName();
    boolean asks = RoutingServiceGrpc.SERVICE_NAME.equals(service);
    if (keys.open() || !(asks || InferenceServiceGrpc.SERVICE_NAME.equals(service))) {
      return next.startCall(call, headers);
    }
    @Nullable String authorization = headers.get(AUTHORIZATION);
    @Nullable String apiKey = headers.get(API_KEY);
    @Nullable Tenant tenant = keys.find(authorization, apiKey);
    if (tenant == null) {
      return refuse(call, Gate.stranger(authorization, apiKey));
    }
    if (!asks) {
      return Contexts.interceptCall(
          Context.current().withValue(TENANT, tenant), call, headers, next);
    }
    return tenant.operator()
        ? next.startCall(call, headers)
        : refuse(call, Gate.Refusal.NO_OPERATOR);
  }

  private <Q, A> ServerCall.Listener<Q> refuse(ServerCall<Q, A> call, Gate.Refusal why) {
    Status status =
        why == Gate.Refusal.NO_OPERATOR ? Status.PERMISSION_DENIED : Status.UNAUTHENTICATED;
    call.close(status.withDescription(gate.refused(why).sentence()), new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
