package io.warmpath.router;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Metadata;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.warmpath.membership.RecordCodec;
import io.warmpath.router.usage.UsageMeter;
import io.warmpath.routing.Decision;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.ReplicaBelief;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.tokenizer.TokenHead;
import io.warmpath.v1.ExplainResponse;
import io.warmpath.v1.FleetReplica;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GetFleetRequest;
import io.warmpath.v1.GetFleetResponse;
import io.warmpath.v1.GetUsageRequest;
import io.warmpath.v1.GetUsageResponse;
import io.warmpath.v1.Placement;
import io.warmpath.v1.PlacementReason;
import io.warmpath.v1.ReplicaRecord;
import io.warmpath.v1.RouteRequest;
import io.warmpath.v1.RouteResponse;
import io.warmpath.v1.RoutingServiceGrpc;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The router's decisions without the traffic. Changes nothing. */
final class RoutingEndpoint extends RoutingServiceGrpc.RoutingServiceImplBase {

  private final RequestPath path;
  private final String routerId;
  private final BooleanSupplier connected;
  private final ConfigState config;
  private final UsageAnswers usage;

  RoutingEndpoint(
      RequestPath path,
      String routerId,
      BooleanSupplier connected,
      ConfigState config,
      UsageMeter meter) {
    this.path = path;
    this.routerId = routerId;
    this.connected = connected;
    this.config = config;
    this.usage = new UsageAnswers(routerId, meter);
  }

  /** A decision and the table that it was made on. */
  private record Decided(Decision decision, RoutingTable table) {}

  @Override
  public void route(RouteRequest request, StreamObserver<RouteResponse> observer) {
    decide(request.getRequest(), observer, RoutingEndpoint::routeResponse);
  }

  @Override
  public void explain(RouteRequest request, StreamObserver<ExplainResponse> observer) {
    decide(
        request.getRequest(),
        observer,
        decided ->
            ExplainResponse.newBuilder().setDecision(Wire.decision(decided.decision)).build());
  }

  @Override
  public void getFleet(GetFleetRequest request, StreamObserver<GetFleetResponse> observer) {
    RoutingTable table = path.table().get();
    GetFleetResponse.Builder response =
        GetFleetResponse.newBuilder()
            .setRouterId(routerId)
            .setViewNumber(table.number())
            .setRouters(table.view().routerCount())
            .setMembershipConnected(connected.getAsBoolean())
            .setConfig(config.status());
    for (FleetView.Observed observed : table.view().replicas()) {
      response.addReplicas(replica(observed, table));
    }
    observer.onNext(response.build());
    observer.onCompleted();
  }

  @Override
  public void getUsage(GetUsageRequest request, StreamObserver<GetUsageResponse> observer) {
    try {
      usage.answer(request, observer);
    } catch (RequestRefusedException refused) {
      fail(observer, refused.failure());
    }
  }

  private FleetReplica replica(FleetView.Observed observed, RoutingTable table) {
    FleetReplica.Builder replica =
        FleetReplica.newBuilder()
            .setRecord(record(observed))
            .setAgeSeconds((path.ticker().nanos() - observed.receivedNanos()) / 1e9);
    for (ReplicaReport.ServedModel model : observed.report().identity().models()) {
      ModelRoute route = table.models().get(model.name());
      ReplicaBelief belief =
          route == null ? null : route.placement().picker().belief(observed.report().id());
      if (belief != null) {
        add(replica, belief);
      }
    }
    return replica.build();
  }

  /** Each model that a replica serves has beliefs of its own: the worst counts. */
  private static void add(FleetReplica.Builder replica, ReplicaBelief belief) {
    replica
        .setPendingWorkSeconds(
            Math.max(replica.getPendingWorkSeconds(), belief.pendingWorkSeconds()))
        .setInFlight(replica.getInFlight() + belief.inFlight())
        .setEjected(replica.getEjected() || belief.ejected())
        .setStale(replica.getStale() || belief.stale());
  }

  private static ReplicaRecord record(FleetView.Observed observed) {
    try {
      return ReplicaRecord.parseFrom(RecordCodec.encode(observed.report()));
    } catch (InvalidProtocolBufferException bug) {
      throw new IllegalStateException(bug);
    }
  }

  /** Makes an answer of a decision. */
  private interface Answer<T> {
    T of(Decided decided) throws RequestRefusedException;
  }

  private <T> void decide(GenerateRequest request, StreamObserver<T> observer, Answer<T> answer) {
    try {
      RequestCheck.check(request);
      RoutingTable table = path.table().get();
      PromptReader prompt =
          new PromptReader(
              request,
              table.resolve(request.getModel(), request.getLoraAdapter()),
              AffinityInputs.of(request, new Metadata()));
      path.tokenizers()
          .encode(
              prompt.text(),
              path.loops().current(),
              new Asked<>((ServerCallStreamObserver<T>) observer) {
                @Override
                T answer(@Nullable TokenHead tokens) throws RequestRefusedException {
                  return answer.of(decided(request, prompt, tokens, table));
                }
              });
    } catch (RequestRefusedException refused) {
      fail(observer, refused.failure());
    }
  }

  /** A decision that is asked for, until the prompt's first tokens are known. */
  private abstract static class Asked<T> implements Tokenizers.Request {

    private final ServerCallStreamObserver<T> observer;

    Asked(ServerCallStreamObserver<T> observer) {
      this.observer = observer;
    }

    abstract T answer(@Nullable TokenHead tokens) throws RequestRefusedException;

    @Override
    public boolean isWaiting() {
      return !observer.isCancelled();
    }

    @Override
    public void encoded(@Nullable TokenHead tokens) {
      if (observer.isCancelled()) {
        return;
      }
      try {
        observer.onNext(answer(tokens));
        observer.onCompleted();
      } catch (RequestRefusedException refused) {
        fail(observer, refused.failure());
      }
    }
  }

  private Decided decided(
      GenerateRequest request, PromptReader prompt, @Nullable TokenHead tokens, RoutingTable table)
      throws RequestRefusedException {
    PickRequest pick =
        prompt.pick(
            tokens, path.sessions(), Wire.constraints(request.getRouting(), new Metadata()));
    return new Decided(prompt.route().placement().picker().explain(pick), table);
  }

  private static RouteResponse routeResponse(Decided decided) throws RequestRefusedException {
    Decision decision = decided.decision;
    String chosen = decision.chosen();
    if (chosen == null) {
      throw new RequestRefusedException(
          new RequestFailure(
              RequestFailure.Kind.NO_READY_REPLICA,
              "no replica would take the request: "
                  + (decision.refusal() == null
                      ? "unknown"
                      : Wire.camelCase(decision.refusal().name()))));
    }
    Placement.Builder placement =
        Placement.newBuilder()
            .setReplicaId(chosen)
            .setReason(
                decision.reason() == null
                    ? PlacementReason.PLACEMENT_REASON_UNSPECIFIED
                    : Wire.reason(decision.reason()))
            .setAttempts(1)
            .setFamily(decision.family());
    for (Decision.Candidate candidate : decision.candidates()) {
      if (candidate.replicaId().equals(chosen)) {
        placement
            .setExpectedCachedTokens(candidate.matchedTokens())
            .setPendingWorkSeconds(candidate.pendingWorkSeconds());
      }
    }
    return RouteResponse.newBuilder()
        .setPlacement(placement)
        .setAddress(address(decided.table, chosen))
        .build();
  }

  private static String address(RoutingTable table, String replicaId) {
    for (FleetView.Observed observed : table.view().replicas()) {
      if (observed.report().id().equals(replicaId)) {
        return observed.report().identity().address();
      }
    }
    return "";
  }

  private static void fail(StreamObserver<?> observer, RequestFailure failure) {
    observer.onError(
        StatusMapping.status(failure).asRuntimeException(StatusMapping.trailers(failure)));
  }
}
