package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.warmpath.routing.Lease.Outcome;
import io.warmpath.routing.PickResult;
import io.warmpath.v1.Affinity;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.PlacementReason;
import io.warmpath.v1.RefusalReason;
import io.warmpath.v1.SamplingParams;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Every path of a relayed request, over real sockets. Leases are counted by the placement. */
final class GenerateRelayTest {

  // ---- an answer

  @Test
  void answer_whole_arrivesInOrderWithPlacementFirstAndUsageLast() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("one", "two", "three"));
        RouterHarness harness = new RouterHarness(agent)) {
      List<GenerateResponse> answer = harness.generate(RouterHarness.prompt(300));

      assertThat(answer).hasSize(5);
      assertThat(answer.getFirst().getPlacement().getReplicaId()).isEqualTo("a");
      assertThat(answer.getFirst().getPlacement().getReason())
          .isEqualTo(PlacementReason.PLACEMENT_REASON_REPLICA_SET);
      assertThat(answer.getFirst().getPlacement().getAttempts()).isEqualTo(1);
      assertThat(answer.getFirst().getPlacement().getPendingWorkSeconds()).isEqualTo(0.25);
      assertThat(answer.subList(1, 4))
          .extracting(r -> r.getDelta().getText())
          .containsExactly("one", "two", "three");
      assertThat(answer.getLast().getCompleted().getUsage().getPromptTokens()).isEqualTo(300);
      assertThat(answer.getLast().getCompleted().getTtftSeconds()).isPositive();
      assertThat(harness.outcomes()).containsExactly(Outcome.Completed.class);
      CountingPlacement.Recorded lease = harness.placement.leases().getFirst();
      assertThat(lease.events).containsExactly("accepted 0.25", "first token");
      assertThat(lease.outcomes).containsExactly(new Outcome.Completed(300, 128, 3));
    }
  }

  @Test
  void request_withUnknownFields_reachesTheAgentAsItCame() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(agent)) {
      GenerateRequest request =
          RouterHarness.prompt(300).toBuilder()
              .setSampling(SamplingParams.newBuilder().setMaxTokens(7).addStop("\n"))
              .setCacheSalt("salt")
              .build();
      harness.generate(request);

      FakeAgent.Call call = agent.nextCall();
      assertThat(call.request.getRequest().toBuilder().clearRequestId().build()).isEqualTo(request);
      assertThat(call.request.getRequest().getRequestId()).startsWith("wp-");
      assertThat(call.request.getReplicaId()).isEqualTo("a");
      assertThat(call.request.getPromptTokens()).isEqualTo(300);
      assertThat(call.request.getStepHashesCount()).isEqualTo(2);
      assertThat(call.request.getFamily()).isNotZero();
      assertThat(call.request.getEpoch()).isEqualTo(1);
      assertThat(call.request.getPendingWorkLimitSeconds()).isEqualTo(0.5);
      assertThat(call.request.getReason()).isEqualTo(PlacementReason.PLACEMENT_REASON_REPLICA_SET);
    }
  }

  @Test
  void requestId_givenByTheClient_isKept() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(agent)) {
      harness.generate(RouterHarness.prompt(8).toBuilder().setRequestId("mine").build());

      assertThat(agent.nextCall().request.getRequest().getRequestId()).isEqualTo("mine");
    }
  }

  @Test
  void prompts_ofOnePromptCacheKey_areOneSession() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(agent)) {
      Affinity keyed = Affinity.newBuilder().setPromptCacheKey("k").build();
      harness.generate(RouterHarness.prompt(300).toBuilder().setAffinity(keyed).build());
      long session = agent.nextCall().request.getSession();
      assertThat(session).isNotZero();
      harness.generate(RouterHarness.prompt(8).toBuilder().setAffinity(keyed).build());
      assertThat(agent.nextCall().request.getSession()).isEqualTo(session);
    }
  }

  @Test
  void prompt_asTextOrChat_isServed() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(agent)) {
      harness.generate(
          GenerateRequest.newBuilder().setModel(FakeAgent.MODEL).setText("hi").build());

      assertThat(agent.nextCall().request.getFamily()).isZero();
      assertThat(harness.outcomes()).containsExactly(Outcome.Completed.class);
    }
  }

  @Test
  void completion_withoutAnyDelta_stillBringsPlacementAndUsage() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says());
        RouterHarness harness = new RouterHarness(agent)) {
      List<GenerateResponse> answer = harness.generate(RouterHarness.prompt(8));

      assertThat(answer)
          .extracting(GenerateResponse::getEventCase)
          .containsExactly(
              GenerateResponse.EventCase.PLACEMENT, GenerateResponse.EventCase.COMPLETED);
    }
  }

  // ---- refusals

  @Test
  void refusal_aboveTheLimit_keepsTheReplicaACandidateAndIsNoFailure() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(agent)) {
      FakeAgent.Script refusal =
          FakeAgent.refuses(RefusalReason.REFUSAL_REASON_ABOVE_LIMIT, 2.5, 0);
      agent.script(call -> {
        if (call.request.hasPendingWorkLimitSeconds()) {
          refusal.answer(call);
        } else {
          FakeAgent.says("x").answer(call);
        }
      });
      List<GenerateResponse> answer = harness.generate(RouterHarness.prompt(300));

      assertThat(answer.getFirst().getPlacement().getAttempts()).isEqualTo(3);
      assertThat(harness.outcomes())
          .containsExactly(Outcome.Refused.class, Outcome.Refused.class, Outcome.Completed.class);
      assertThat(harness.placement.leases().getFirst().outcomes)
          .containsExactly(new Outcome.Refused(2.5));
    }
  }

  @Test
  void refusal_ofADrainingReplica_movesToTheNextOne() throws Exception {
    try (FakeAgent a =
            FakeAgent.start("a", FakeAgent.refuses(RefusalReason.REFUSAL_REASON_DRAINING, 0, 0));
        FakeAgent b = FakeAgent.start("b", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(a, b)) {
      List<GenerateResponse> answer = harness.generate(RouterHarness.prompt(300));

      assertThat(answer.getFirst().getPlacement().getReplicaId()).isEqualTo("b");
      assertThat(answer.getFirst().getPlacement().getAttempts()).isEqualTo(2);
    }
  }

  @Test
  void refusal_byTheOnlyReplicaSinceItsCacheIsAnother_servesAfterAllAndExpectsNoCache()
      throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", reborn());
        RouterHarness harness = new RouterHarness(agent)) {
      List<GenerateResponse> answer = harness.generate(RouterHarness.prompt(300));

      assertThat(agent.nextCall().request.getExpectedCachedTokens()).isEqualTo(128);
      assertThat(agent.nextCall().request.getExpectedCachedTokens()).isZero();
      assertThat(answer.getFirst().getPlacement().getAttempts()).isEqualTo(2);
      assertThat(answer.getFirst().getPlacement().getExpectedCachedTokens()).isZero();
      assertThat(harness.outcomes())
          .containsExactly(Outcome.Refused.class, Outcome.Completed.class);
    }
  }

  @Test
  void refusal_sinceTheCacheIsAnother_asksTheOthersFirst() throws Exception {
    FakeAgent.Script full = FakeAgent.refuses(RefusalReason.REFUSAL_REASON_QUEUE_FULL, 9, 1.5);
    try (FakeAgent a = FakeAgent.start("a", reborn());
        FakeAgent b = FakeAgent.start("b", full);
        RouterHarness harness = new RouterHarness(a, b)) {
      List<GenerateResponse> answer = harness.generate(RouterHarness.prompt(300));

      assertThat(answer.getFirst().getPlacement().getReplicaId()).isEqualTo("a");
      assertThat(answer.getFirst().getPlacement().getAttempts()).isEqualTo(3);
      assertThat(b.callsWaiting()).isEqualTo(1);
    }
  }

  @Test
  void refusals_sinceEveryCacheIsAnother_lastTryIsServed() throws Exception {
    try (FakeAgent a = FakeAgent.start("a", reborn());
        FakeAgent b = FakeAgent.start("b", reborn());
        FakeAgent c = FakeAgent.start("c", reborn());
        RouterHarness harness = new RouterHarness(a, b, c)) {
      List<GenerateResponse> answer = harness.generate(RouterHarness.prompt(300));

      assertThat(answer.getFirst().getPlacement().getReplicaId()).isEqualTo("c");
    }
  }

  /** Refuses requests for the cache that it had, as an agent whose engine was started again. */
  private static FakeAgent.Script reborn() {
    FakeAgent.Script refusal = FakeAgent.refuses(RefusalReason.REFUSAL_REASON_WRONG_EPOCH, 0, 0);
    return call -> (call.request.getEpoch() == 0 ? FakeAgent.says("x") : refusal).answer(call);
  }

  @Test
  void refusal_byAllTries_endsAsExhaustedWithARetryHint() throws Exception {
    FakeAgent.Script full = FakeAgent.refuses(RefusalReason.REFUSAL_REASON_QUEUE_FULL, 9, 1.5);
    try (FakeAgent a = FakeAgent.start("a", full);
        FakeAgent b = FakeAgent.start("b", full);
        FakeAgent c = FakeAgent.start("c", full);
        FakeAgent d = FakeAgent.start("d", full);
        RouterHarness harness = new RouterHarness(a, b, c, d)) {
      StatusRuntimeException failure = failure(harness, RouterHarness.prompt(300));

      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(retrySeconds(failure)).isEqualTo(1.5);
      assertThat(d.callsWaiting()).isZero();
      assertThat(harness.outcomes())
          .containsExactly(Outcome.Refused.class, Outcome.Refused.class, Outcome.Refused.class);
    }
  }

  @Test
  void refusal_byTheLastReplicaLeft_isOverloadAndNotThatNoneIsReady() throws Exception {
    FakeAgent.Script full = FakeAgent.refuses(RefusalReason.REFUSAL_REASON_QUEUE_WAIT, 9, 1.5);
    try (FakeAgent agent = FakeAgent.start("a", full);
        RouterHarness harness = new RouterHarness(agent)) {
      StatusRuntimeException failure = failure(harness, RouterHarness.prompt(300));

      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(retrySeconds(failure)).isEqualTo(1.5);
    }
  }

  @Test
  void rejection_ofTheWholeFleet_hasItsOwnStatus() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(agent)) {
      harness.placement.refuseAll(PickResult.Rejected.Reason.OVERLOADED);
      StatusRuntimeException overloaded = failure(harness, RouterHarness.prompt(8));
      assertThat(overloaded.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(retrySeconds(overloaded)).isEqualTo(1.5);

      harness.placement.refuseAll(PickResult.Rejected.Reason.NO_READY_REPLICA);
      assertThat(failure(harness, RouterHarness.prompt(8)).getStatus().getCode())
          .isEqualTo(Status.Code.UNAVAILABLE);

      harness.placement.refuseAll(PickResult.Rejected.Reason.EXHAUSTED);
      assertThat(failure(harness, RouterHarness.prompt(8)).getStatus().getCode())
          .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);

      harness.placement.refuseAll(PickResult.Rejected.Reason.CONSTRAINTS_UNSATISFIABLE);
      assertThat(failure(harness, RouterHarness.prompt(8)).getStatus().getCode())
          .isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(harness.outcomes()).isEmpty();
    }
  }

  // ---- failures

  @Test
  void failure_beforeTheFirstDelta_isRepeatedElsewhereUnseen() throws Exception {
    try (FakeAgent a =
            FakeAgent.start(
                "a",
                call -> {
                  call.placement(0);
                  call.observer.onError(Status.INTERNAL.asRuntimeException());
                });
        FakeAgent b = FakeAgent.start("b", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(a, b)) {
      List<GenerateResponse> answer = harness.generate(RouterHarness.prompt(300));

      assertThat(answer)
          .extracting(GenerateResponse::getEventCase)
          .containsExactly(
              GenerateResponse.EventCase.PLACEMENT,
              GenerateResponse.EventCase.DELTA,
              GenerateResponse.EventCase.COMPLETED);
      assertThat(answer.getFirst().getPlacement().getReplicaId()).isEqualTo("b");
      assertThat(harness.outcomes()).containsExactly(Outcome.Failed.class, Outcome.Completed.class);
    }
  }

  @Test
  void failure_toConnect_isRepeatedElsewhere() throws Exception {
    FakeAgent gone = FakeAgent.start("a", FakeAgent.says("x"));
    gone.kill();
    try (FakeAgent b = FakeAgent.start("b", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(gone, b)) {
      assertThat(harness.generate(RouterHarness.prompt(300)).getFirst().getPlacement())
          .extracting(p -> p.getReplicaId())
          .isEqualTo("b");
    }
  }

  @Test
  void failure_ofEveryReplica_isNoOverload() throws Exception {
    FakeAgent gone = FakeAgent.start("a", FakeAgent.says("x"));
    gone.kill();
    try (RouterHarness harness = new RouterHarness(gone)) {
      StatusRuntimeException failure = failure(harness, RouterHarness.prompt(300));

      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(failure.getStatus().getDescription()).contains("every replica that was tried");
    }
  }

  @Test
  void failure_afterTheFirstDelta_endsAsUnavailableAndIsNotRepeated() throws Exception {
    try (FakeAgent a =
            FakeAgent.start(
                "a",
                call -> {
                  call.placement(0);
                  call.delta("half");
                  call.observer.onError(Status.INTERNAL.asRuntimeException());
                });
        FakeAgent b = FakeAgent.start("b", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(a, b)) {
      Iterator<GenerateResponse> answer = harness.client().generate(RouterHarness.prompt(300));

      assertThat(answer.next().hasPlacement()).isTrue();
      assertThat(answer.next().getDelta().getText()).isEqualTo("half");
      assertThatThrownBy(answer::next)
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
      assertThat(b.callsWaiting()).isZero();
      assertThat(harness.outcomes()).containsExactly(Outcome.Failed.class);
    }
  }

  @Test
  void failure_ofAgentProcessMidStream_endsAsUnavailable() throws Exception {
    try (FakeAgent a =
            FakeAgent.start(
                "a",
                call -> {
                  call.placement(0);
                  call.delta("half");
                });
        RouterHarness harness = new RouterHarness(a)) {
      Iterator<GenerateResponse> answer = harness.client().generate(RouterHarness.prompt(300));
      answer.next();
      answer.next();
      a.kill();

      assertThatThrownBy(answer::next)
          .hasMessageContaining("UNAVAILABLE: replica a failed after the stream had begun");
      assertThat(harness.outcomes()).containsExactly(Outcome.Failed.class);
    }
  }

  @Test
  void failure_ofMoreReplicasThanRetries_endsAsUnavailable() throws Exception {
    FakeAgent.Script broken = c -> c.observer.onError(Status.UNAVAILABLE.asRuntimeException());
    try (FakeAgent a = FakeAgent.start("a", broken);
        FakeAgent b = FakeAgent.start("b", broken);
        FakeAgent c = FakeAgent.start("c", broken);
        FakeAgent d = FakeAgent.start("d", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(a, b, c, d)) {
      assertThat(failure(harness, RouterHarness.prompt(300)).getStatus().getCode())
          .isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(d.callsWaiting()).isZero();
      assertThat(harness.outcomes())
          .containsExactly(Outcome.Failed.class, Outcome.Failed.class, Outcome.Failed.class);
    }
  }

  @Test
  void answer_thatEndsWithoutUsage_isAFailure() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.Call::end);
        RouterHarness harness = new RouterHarness(agent)) {
      assertThat(failure(harness, RouterHarness.prompt(300)).getStatus().getCode())
          .isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(harness.outcomes()).containsExactly(Outcome.Failed.class);
    }
  }

  @Test
  void fault_thatTheEngineFindsInTheRequest_reachesTheClientAndIsNotRepeated() throws Exception {
    try (FakeAgent a =
            FakeAgent.start(
                "a",
                call ->
                    call.observer.onError(
                        Status.INVALID_ARGUMENT
                            .withDescription("bad regex")
                            .asRuntimeException()));
        FakeAgent b = FakeAgent.start("b", FakeAgent.says("x"));
        RouterHarness harness = new RouterHarness(a, b)) {
      assertThat(failure(harness, RouterHarness.prompt(300)))
          .hasMessage("INVALID_ARGUMENT: bad regex");
      assertThat(b.callsWaiting()).isZero();
      assertThat(harness.outcomes()).containsExactly(Outcome.Cancelled.class);
    }
  }

  // ---- the client goes away

  @Test
  void cancel_beforeTheAgentSaidAnything_reachesTheAgent() throws Exception {
    cancelOnce(call -> {}, 0);
  }

  @Test
  void cancel_afterPlacement_reachesTheAgent() throws Exception {
    cancelOnce(FakeAgent.stalls(), 0);
  }

  @Test
  void cancel_midStream_reachesTheAgent() throws Exception {
    cancelOnce(
        call -> {
          call.placement(0);
          call.delta("half");
        },
        2);
  }

  private static void cancelOnce(FakeAgent.Script script, int messagesFirst) throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", script);
        RouterHarness harness = new RouterHarness(agent)) {
      SlowClient client = SlowClient.start(harness, RouterHarness.prompt(300));
      client.call.request(messagesFirst + 1);
      for (int i = 0; i < messagesFirst; i++) {
        assertThat(client.next()).isNotNull();
      }
      FakeAgent.Call call = agent.nextCall();
      client.call.cancel("test", null);

      assertThat(call.awaitCancelled()).isTrue();
      assertThat(harness.outcomes()).containsExactly(Outcome.Cancelled.class);
    }
  }

  @Test
  void deadline_ofTheClient_reachesTheAgentAndEndsTheRequest() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.stalls());
        RouterHarness harness = new RouterHarness(agent)) {
      assertThatThrownBy(() ->
              InferenceServiceGrpc.newBlockingStub(harness.channel)
                  .withDeadlineAfter(500, TimeUnit.MILLISECONDS)
                  .generate(RouterHarness.prompt(300))
                  .next())
          .hasMessageContaining("DEADLINE_EXCEEDED");
      FakeAgent.Call call = agent.nextCall();
      assertThat(call.context.getDeadline()).isNotNull();
      assertThat(call.awaitCancelled()).isTrue();
      assertThat(harness.outcomes()).containsExactly(Outcome.Cancelled.class);
    }
  }

  // ---- flow control

  @Test
  void agent_aheadOfASlowClient_isHeldBack() throws Exception {
    int chunkBytes = 1_000;
    int chunks = 20_000;
    String chunk = "x".repeat(chunkBytes);
    BlockingQueue<Integer> sent = new LinkedBlockingQueue<>();
    try (FakeAgent agent = FakeAgent.start("a", call -> new Pump(call, chunk, chunks, sent).run());
        RouterHarness harness = new RouterHarness(agent)) {
      SlowClient client = SlowClient.start(harness, RouterHarness.prompt(300));
      client.call.request(2);
      assertThat(client.next().hasPlacement()).isTrue();
      assertThat(client.next().hasDelta()).isTrue();

      // The client asks for no more: what is under way must come to rest, far from the end.
      int atRest = RestingPoint.of(sent);
      assertThat(atRest * chunkBytes).isLessThan(2 << 20);
      client.call.request(Integer.MAX_VALUE);
      assertThat(client.drain()).isEqualTo(chunks - 1 + 1);
      assertThat(client.status().isOk()).isTrue();
      assertThat(harness.outcomes()).containsExactly(Outcome.Completed.class);
    }
  }

  // ---- bounds

  @Test
  void requests_beyondTheLimitInFlight_areRefusedAtOnce() throws Exception {
    try (FakeAgent agent = FakeAgent.start("a", FakeAgent.stalls());
        RouterHarness harness =
            new RouterHarness(
                RouterHarness.config(agent.report())
                    .withLimits(new RouterConfig.Limits(1, 1 << 20, 4, 2)))) {
      SlowClient first = SlowClient.start(harness, RouterHarness.prompt(300));
      first.call.request(1);
      agent.nextCall();

      assertThat(failure(harness, RouterHarness.prompt(300)).getStatus().getCode())
          .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(harness.router.inFlight()).isEqualTo(1);
      first.call.cancel("test", null);
      assertThat(harness.outcomes()).containsExactly(Outcome.Cancelled.class);
    }
  }

  private static StatusRuntimeException failure(RouterHarness harness, GenerateRequest request) {
    try {
      harness.generate(request);
    } catch (StatusRuntimeException failure) {
      return failure;
    }
    throw new AssertionError("the request was served");
  }

  private static double retrySeconds(StatusRuntimeException failure) throws Exception {
    com.google.rpc.Status details =
        Objects.requireNonNull(StatusProto.fromThrowable(failure), "no status details");
    RetryInfo retry = details.getDetails(0).unpack(RetryInfo.class);
    return retry.getRetryDelay().getSeconds() + retry.getRetryDelay().getNanos() / 1e9;
  }
}
