package io.warmpath.cli;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
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

/** A connection to a router. */
final class RouterClient implements AutoCloseable {

  private static final int MAX_MESSAGE_BYTES = 64 << 20;
  private static final long ANSWER_SECONDS = 10;

  private final ManagedChannel channel;

  RouterClient(HostPort router) {
    channel =
        NettyChannelBuilder.forAddress(router.host(), router.port())
            .usePlaintext()
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .build();
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
