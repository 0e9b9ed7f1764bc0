package io.warmpath.cli;

import io.grpc.ChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.warmpath.config.HostPort;
import io.warmpath.v1.FleetReplica;
import io.warmpath.v1.GetFleetRequest;
import io.warmpath.v1.GetFleetResponse;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import io.warmpath.v1.RoutingServiceGrpc;
import io.warmpath.v1.RoutingServiceGrpc.RoutingServiceBlockingStub;
import io.warmpath.v1.ServedModel;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A connection to a router. */
final class RouterClient implements AutoCloseable {

  private static final int MAX_MESSAGE_BYTES = 64 << 20;
  private static final long ANSWER_SECONDS = 10;

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final ManagedChannel channel;

  /** Connects, and brings {@code apiKey} with each call unless it is null. */
  RouterClient(HostPort router, ChannelCredentials credentials, @Nullable String apiKey) {
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(router.host(), router.port(), credentials)
            .maxInboundMessageSize(MAX_MESSAGE_BYTES);
    if (apiKey != null) {
      Metadata headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + apiKey);
      builder.intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    channel = builder.build();
  }

  /** Calls that generate; the caller gives them a deadline. */
  InferenceServiceBlockingStub inference() {
    return InferenceServiceGrpc.newBlockingStub(channel);
  }

  /** Calls that only ask. */
  RoutingServiceBlockingStub routing() {
    return RoutingServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS);
  }

  /** Returns the fleet as the router sees it. */
  GetFleetResponse fleet() {
    return routing().getFleet(GetFleetRequest.getDefaultInstance());
  }

  /**
   * Returns the one model that the fleet serves.
   *
   * @throws CommandFailure when there is none or more than one
   */
  String onlyModel() throws CommandFailure {
    List<String> models =
        fleet().getReplicasList().stream()
            .map(FleetReplica::getRecord)
            .flatMap(replica -> replica.getModelsList().stream())
            .map(ServedModel::getName)
            .distinct()
            .sorted()
            .toList();
    return switch (models.size()) {
      case 0 -> throw CommandFailure.failed("the router knows of no replica that serves a model");
      case 1 -> models.getFirst();
      default ->
          throw CommandFailure.badInput(
              "the fleet serves several models, name one with --model: "
                  + String.join(", ", models));
    };
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
