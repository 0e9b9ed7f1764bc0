package io.warmpath.router;

import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.ReplicaServiceGrpc;

/** The gRPC front door's methods, over messages that are kept as bytes. */
final class GenerateService {

  /** What clients call. */
  static final MethodDescriptor<ClientRequest, AgentAnswer> CLIENT_METHOD =
      InferenceServiceGrpc.getGenerateMethod().toBuilder(
              ClientRequest.MARSHALLER, AgentAnswer.MARSHALLER)
          .build();

  /** What the router calls on an agent. */
  static final MethodDescriptor<AgentRequest, AgentAnswer> AGENT_METHOD =
      ReplicaServiceGrpc.getGenerateMethod().toBuilder(
              AgentRequest.MARSHALLER, AgentAnswer.MARSHALLER)
          .build();

  private GenerateService() {}

  /** Returns the service for a server; the descriptor keeps its schema, for reflection. */
  static ServerServiceDefinition definition(RequestPath path) {
    ServiceDescriptor generated = InferenceServiceGrpc.getServiceDescriptor();
    ServiceDescriptor descriptor =
        ServiceDescriptor.newBuilder(generated.getName())
            .setSchemaDescriptor(generated.getSchemaDescriptor())
            .addMethod(CLIENT_METHOD)
            .build();
    return ServerServiceDefinition.builder(descriptor)
        .addMethod(CLIENT_METHOD, (call, headers) -> GenerateRelay.start(path, call, headers))
        .build();
  }
}
