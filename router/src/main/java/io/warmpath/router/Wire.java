package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.grpc.Metadata;
import io.warmpath.routing.Decision;
import io.warmpath.routing.Lease;
import io.warmpath.routing.PickReason;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.v1.Candidate;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.Placement;
import io.warmpath.v1.PlacementReason;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.RoutingControls;
import io.warmpath.v1.RoutingSort;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Translates between the decision's values and the messages of the wire. */
final class Wire {

  private static final Metadata.Key<String> TRACE_PARENT =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> TRACE_STATE =
      Metadata.Key.of("tracestate", Metadata.ASCII_STRING_MARSHALLER);

  private Wire() {}

  /** Returns the explicit routing of the message, else of the metadata, or null. */
  static PickRequest.@Nullable Constraints constraints(RoutingControls controls, Metadata metadata)
      throws RequestRefusedException {
    if (controls.getOnlyCount() == 0
        && controls.getIgnoreCount() == 0
        && controls.getOrderCount() == 0
        && controls.getSort() == RoutingSort.ROUTING_SORT_UNSPECIFIED) {
      return RoutingHeaders.constraints(RoutingHeaders.of(metadata), RoutingHeaders.Given.NOTHING);
    }
    return new PickRequest.Constraints(
        controls.getOnlyList(),
        controls.getIgnoreList(),
        controls.getOrderList(),
        !controls.hasAllowFallbacks() || controls.getAllowFallbacks(),
        sort(controls.getSort()));
  }

  private static PickRequest.@Nullable Sort sort(RoutingSort sort) {
    return switch (sort) {
      case ROUTING_SORT_LATENCY -> PickRequest.Sort.LATENCY;
      case ROUTING_SORT_THROUGHPUT -> PickRequest.Sort.THROUGHPUT;
      case ROUTING_SORT_UNSPECIFIED, UNRECOGNIZED -> null;
    };
  }

  private static RoutingSort sort(PickRequest.@Nullable Sort sort) {
    return switch (sort) {
      case null -> RoutingSort.ROUTING_SORT_UNSPECIFIED;
      case LATENCY -> RoutingSort.ROUTING_SORT_LATENCY;
      case THROUGHPUT -> RoutingSort.ROUTING_SORT_THROUGHPUT;
    };
  }

  /** Returns the router's own part of a message to an agent. */
  static ReplicaGenerateRequest.Builder envelope(RoutedRequest routed, Lease lease) {
    PromptPrefix prefix = routed.pick().prefix();
    ReplicaGenerateRequest.Builder envelope =
        ReplicaGenerateRequest.newBuilder()
            .setReplicaId(lease.replica().id())
            .setFamily(prefix.family())
            .setPromptTokens(prefix.promptTokens())
            .setExpectedCachedTokens(routed.expectedCachedTokens(lease))
            .setSession(routed.pick().session())
            .setReason(reason(lease.reason()));
    if (routed.needsEpoch()) {
      envelope.setEpoch(lease.epoch());
    }
    for (int i = 0; i < prefix.stepCount(); i++) {
      envelope.addStepHashes(prefix.stepHash(i));
    }
    if (Double.isFinite(lease.pendingWorkLimitSeconds())) {
      envelope.setPendingWorkLimitSeconds(lease.pendingWorkLimitSeconds());
    }
    if (Double.isFinite(routed.maxQueueWaitSeconds())) {
      envelope.setMaxQueueWaitSeconds(routed.maxQueueWaitSeconds());
    }
    return envelope;
  }

  /** Returns what the router adds to a client's request: an id when it brings none. */
  static GenerateRequest amendment(GenerateRequest request) {
    if (!request.getRequestId().isEmpty()) {
      return GenerateRequest.getDefaultInstance();
    }
    return GenerateRequest.newBuilder().setRequestId(newRequestId()).build();
  }

  /** Returns what an agent's relay gets in place of a request: its id. */
  static GenerateRequest identified(String requestId) {
    return GenerateRequest.newBuilder().setRequestId(requestId).build();
  }

  /** Returns a fresh id of a request. */
  static String newRequestId() {
    return "wp-" + Long.toHexString(ThreadLocalRandom.current().nextLong());
  }

  /** Returns the first message that a client gets. */
  static GenerateResponse placement(
      @Nullable Placement fromAgent, RoutedRequest routed, Lease lease) {
    Placement.Builder placement =
        fromAgent == null ? Placement.newBuilder() : fromAgent.toBuilder();
    placement
        .setReplicaId(lease.replica().id())
        .setReason(reason(lease.reason()))
        .setExpectedCachedTokens(routed.expectedCachedTokens(lease))
        .setAttempts(routed.attempts())
        .setFamily(routed.pick().prefix().family());
    return GenerateResponse.newBuilder().setPlacement(placement).build();
  }

  /** Returns the headers that go on to an agent: the trace context. */
  static Metadata traceHeaders(Metadata fromClient) {
    Metadata headers = new Metadata();
    copy(TRACE_PARENT, fromClient, headers);
    copy(TRACE_STATE, fromClient, headers);
    return headers;
  }

  private static void copy(Metadata.Key<String> key, Metadata from, Metadata to) {
    String value = from.get(key);
    if (value != null) {
      to.put(key, value);
    }
  }

  static PlacementReason reason(PickReason reason) {
    return switch (reason) {
      case CACHED_PREFIX -> PlacementReason.PLACEMENT_REASON_CACHED_PREFIX;
      case REPLICA_SET -> PlacementReason.PLACEMENT_REASON_REPLICA_SET;
      case SESSION -> PlacementReason.PLACEMENT_REASON_SESSION;
      case SPILL -> PlacementReason.PLACEMENT_REASON_SPILL;
      case LEAST_WORK -> PlacementReason.PLACEMENT_REASON_LEAST_WORK;
      case EXPLICIT -> PlacementReason.PLACEMENT_REASON_EXPLICIT;
      case BASELINE -> PlacementReason.PLACEMENT_REASON_BASELINE;
    };
  }

  /** Returns a decision as a message. */
  static io.warmpath.v1.Decision decision(Decision decision) {
    io.warmpath.v1.Decision.Builder message =
        io.warmpath.v1.Decision.newBuilder()
            .setPolicy(decision.policy())
            .setPromptTokens(decision.promptTokens())
            .setSteps(decision.steps())
            .setFamily(decision.family())
            .setRequestShare(decision.requestShare())
            .setWorkShare(decision.workShare())
            .setReplicaSetSize(decision.replicaSetSize())
            .setBoundSeconds(decision.boundSeconds())
            .setSpill(decision.spill())
            .setSort(sort(decision.sort()));
    decision.candidates().forEach(candidate -> message.addCandidates(candidate(candidate)));
    if (decision.chosen() != null) {
      message.setChosen(decision.chosen());
    }
    if (decision.reason() != null) {
      message.setReason(reason(decision.reason()));
    }
    if (decision.refusal() != null) {
      message.setRefusal(camelCase(decision.refusal().name()));
    }
    if (Double.isFinite(decision.pendingWorkLimitSeconds())) {
      message.setPendingWorkLimitSeconds(decision.pendingWorkLimitSeconds());
    }
    return message.build();
  }

  private static Candidate candidate(Decision.Candidate candidate) {
    Candidate.Builder message =
        Candidate.newBuilder()
            .setReplicaId(candidate.replicaId())
            .setRank(candidate.rank())
            .setMatchedTokens(candidate.matchedTokens())
            .setPendingWorkSeconds(candidate.pendingWorkSeconds())
            .setPrefillSeconds(candidate.prefillSeconds())
            .setCostSeconds(candidate.costSeconds());
    if (candidate.rejected() != null) {
      message.setRejected(camelCase(candidate.rejected().name()));
    }
    candidate.sources().stream().sorted().forEach(s -> message.addSources(camelCase(s.name())));
    return message.build();
  }

  /** Turns {@code OVER_BOUND} into {@code overBound}. */
  static String camelCase(String constant) {
    StringBuilder name = new StringBuilder(constant.length());
    @Var boolean wordBegins = false;
    for (int i = 0; i < constant.length(); i++) {
      char letter = constant.charAt(i);
      if (letter != '_') {
        name.append(wordBegins ? letter : Character.toLowerCase(letter));
      }
      wordBegins = letter == '_';
    }
    return name.toString();
  }
}
