package io.warmpath.router;

import io.warmpath.routing.Lease;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Picker;
import io.warmpath.routing.Ticker;
import io.warmpath.v1.RefusalReason;
import io.warmpath.v1.Refused;
import io.warmpath.v1.Usage;
import org.jspecify.annotations.Nullable;

/**
 * One request from its first placement to its end, whatever the front door: picks, retries, and
 * closes each lease exactly once. Confined to the event loop of its client's connection.
 *
 * <p>A door calls {@link #start}, follows each {@link Step}, and tells what became of it. After
 * {@link Step.GiveUp} or any of the ending calls the request is over, and further calls do nothing.
 */
final class RoutedRequest {

  /*
   * placed --accepted--> running --firstToken--> streaming --completed--> over
   *   |  ^                  |                        |
   *   |  '---- retry -------+ replicaFailed          +- replicaFailed, cancelled, rejectedByEngine
   *   '- refused (a retry, or over)                  '-> over
   */

  private final ModelRoute route;
  private final Account account;
  private final int maxRetries;
  private final Ticker ticker;
  private final long arrivedNanos;
  private PickRequest next;
  private @Nullable Lease lease;
  private int attempts;
  private int refusals;
  private int failures;

  /** What the last replica that was tried said, null when it failed or none was tried. */
  private @Nullable Refused lastRefusal;

  /*
   * A replica whose cache is another than the one that the decision was made for is as good as any
   * that never had the prompt: the others are asked first, and where none is left it serves after
   * all. So does whoever gets the last try, as it must be of use if it can.
   */
  private @Nullable String reborn;

  /** Whether the replica of this try has lost the cache that it was chosen for. */
  private boolean cacheLost;

  private boolean streaming;
  private boolean over;
  private double ttftSeconds;

  /**
   * Makes a request that was not placed yet.
   *
   * @param route its model
   * @param account what its usage is added to
   * @param first what to decide on
   * @param maxRetries further replicas to try when one fails before its first token
   * @param ticker the process's clock
   * @param arrivedNanos when the request arrived, by {@code ticker}
   */
  RoutedRequest(
      ModelRoute route,
      Account account,
      PickRequest first,
      int maxRetries,
      Ticker ticker,
      long arrivedNanos) {
    this.route = route;
    this.account = account;
    this.next = first;
    this.maxRetries = maxRetries;
    this.ticker = ticker;
    this.arrivedNanos = arrivedNanos;
  }

  /** What a door does next. */
  sealed interface Step {

    /** Sends the request to the lease's replica. */
    record TryReplica(Lease lease) implements Step {}

    /** Tells the client. */
    record GiveUp(RequestFailure failure) implements Step {}
  }

  /** Places the request for the first time. */
  Step start() {
    return place();
  }

  /** Base name of the model. */
  String model() {
    return route.model();
  }

  /** The prompt, as the decision sees it. */
  PickRequest pick() {
    return next;
  }

  /** Longest wait in a replica's queue, seconds; infinite for no limit. */
  double maxQueueWaitSeconds() {
    return route.limits().maxQueueWaitSeconds();
  }

  /** Whether the replica of this try must still have the cache that it was chosen for. */
  boolean needsEpoch() {
    return !cacheLost && attempts < route.maxAttempts();
  }

  /** Prompt tokens that the replica of this try is expected to have. */
  int expectedCachedTokens(Lease placed) {
    return cacheLost ? 0 : placed.expectedCachedTokens();
  }

  /** Replicas tried so far. */
  int attempts() {
    return attempts;
  }

  /** Whether the first token has arrived; from then on there is no retry. */
  boolean streaming() {
    return streaming;
  }

  /** Time from arrival to the first token, seconds; 0 before it. */
  double ttftSeconds() {
    return ttftSeconds;
  }

  /** The agent took the request. */
  void accepted(double pendingWorkSeconds) {
    if (lease != null) {
      lease.accepted(pendingWorkSeconds);
    }
  }

  /** Output arrived; only the first call matters. */
  void firstToken() {
    if (!streaming && lease != null) {
      streaming = true;
      ttftSeconds = (ticker.nanos() - arrivedNanos) / 1e9;
      lease.firstToken();
    }
  }

  /** The agent did not take the request: a spill, not a failure. */
  Step refused(Refused refusal) {
    refusals++;
    route.metrics().refused(refusal.getReason());
    Lease refusing = endAttempt(new Lease.Outcome.Refused(refusal.getPendingWorkSeconds()));
    if (refusing == null) {
      return overAlready();
    }
    if (refusals >= route.maxAttempts()) {
      return giveUp(afterLastRefusal(refusal));
    }
    lastRefusal = refusal;
    if (refusal.getReason() == RefusalReason.REFUSAL_REASON_WRONG_EPOCH) {
      reborn = refusing.replica().id();
    }
    next = afterRefusal(refusal.getReason(), refusing.replica().id());
    return place();
  }

  /* A replica above the limit stays a candidate at its corrected load; the others cannot serve. */
  private PickRequest afterRefusal(RefusalReason reason, String replicaId) {
    return switch (reason) {
      case REFUSAL_REASON_ABOVE_LIMIT -> next.retry();
      case REFUSAL_REASON_DRAINING, REFUSAL_REASON_NOT_READY, REFUSAL_REASON_WRONG_EPOCH ->
          next.retryAfterFailure(replicaId);
      case REFUSAL_REASON_QUEUE_FULL,
          REFUSAL_REASON_QUEUE_WAIT,
          REFUSAL_REASON_UNSPECIFIED,
          UNRECOGNIZED ->
          next.retryWithout(replicaId);
    };
  }

  /** The replica failed, or the connection to it. */
  Step replicaFailed() {
    failures++;
    Lease failed = endAttempt(new Lease.Outcome.Failed());
    if (failed == null) {
      return overAlready();
    }
    String replica = failed.replica().id();
    lastRefusal = null;
    if (streaming) {
      return giveUp(
          RequestFailure.Kind.REPLICA_FAILED,
          "replica " + replica + " failed after the stream had begun");
    }
    if (failures > maxRetries) {
      return giveUp(
          RequestFailure.Kind.REPLICA_FAILED,
          "replica " + replica + " failed before its first token, and no try is left");
    }
    route.metrics().retried();
    next = next.retryAfterFailure(replica);
    return place();
  }

  /** The answer is whole. */
  void completed(Usage usage) {
    Lease served =
        endAttempt(
            new Lease.Outcome.Completed(
                usage.getPromptTokens(), usage.getCachedTokens(), usage.getCompletionTokens()));
    if (served != null) {
      route.metrics().firstToken(ttftSeconds, usage.getCachedTokens() > 0);
      route.metrics().completed(usage);
      account.charge(route.model(), next.prefix().family(), usage);
      finish();
    }
  }

  /** The engine found fault with the request itself; the client gets its answer. */
  void rejectedByEngine() {
    end(RequestFailure.Kind.BAD_REQUEST, new Lease.Outcome.Cancelled());
  }

  /** The engine answered that it failed; the client gets its answer. */
  void failedByEngine() {
    end(RequestFailure.Kind.REPLICA_FAILED, new Lease.Outcome.Failed());
  }

  /** The client went away, its deadline passed, or what it asked cannot be sent. */
  void cancelled(RequestFailure.Kind kind) {
    end(kind, new Lease.Outcome.Cancelled());
  }

  private void end(RequestFailure.Kind kind, Lease.Outcome outcome) {
    if (!over) {
      endAttempt(outcome);
      route.metrics().failed(kind);
      finish();
    }
  }

  private Step place() {
    attempts++;
    long startNanos = ticker.nanos();
    PickResult result = pickOrReadmit();
    route.metrics().decided(ticker.nanos() - startNanos);
    return switch (result) {
      case PickResult.Assigned assigned -> {
        lease = assigned.lease();
        route.metrics().placed(assigned.lease().reason());
        yield new Step.TryReplica(assigned.lease());
      }
      case PickResult.Rejected rejected -> giveUp(whyNoReplica(rejected));
    };
  }

  private PickResult pickOrReadmit() {
    Picker picker = route.placement().picker();
    PickResult result = picker.pick(next);
    String waiting = reborn;
    boolean noneLeft =
        result instanceof PickResult.Rejected rejected
            && rejected.reason() != PickResult.Rejected.Reason.OVERLOADED;
    cacheLost = waiting != null && noneLeft;
    if (waiting == null || !noneLeft) {
      return result;
    }
    reborn = null;
    next = next.readmitting(waiting);
    return picker.pick(next);
  }

  private RequestFailure whyNoReplica(PickResult.Rejected rejected) {
    return switch (rejected.reason()) {
      case NO_READY_REPLICA ->
          noneLeft(
              new RequestFailure(
                  RequestFailure.Kind.NO_READY_REPLICA,
                  "no replica of model '" + route.model() + "' is ready"));
      case CONSTRAINTS_UNSATISFIABLE ->
          noneLeft(
              new RequestFailure(
                  RequestFailure.Kind.CONSTRAINTS_UNSATISFIABLE,
                  "the request's routing controls leave no ready replica of model '"
                      + route.model()
                      + "'"));
      case EXHAUSTED -> noneLeft(overloaded(0));
      case OVERLOADED -> overloaded(rejected.retryAfterSeconds());
    };
  }

  /** What the replicas that were tried said is why; {@code untried} where none was. */
  private RequestFailure noneLeft(RequestFailure untried) {
    Refused refusal = lastRefusal;
    if (refusal != null) {
      return afterLastRefusal(refusal);
    }
    return failures > 0
        ? new RequestFailure(
            RequestFailure.Kind.REPLICA_FAILED, "every replica that was tried failed")
        : untried;
  }

  private RequestFailure afterLastRefusal(Refused refusal) {
    return switch (refusal.getReason()) {
      case REFUSAL_REASON_DRAINING, REFUSAL_REASON_NOT_READY, REFUSAL_REASON_WRONG_EPOCH ->
          new RequestFailure(
              RequestFailure.Kind.NO_READY_REPLICA,
              "no replica of model '" + route.model() + "' takes requests now",
              refusal.getRetryAfterSeconds());
      case REFUSAL_REASON_ABOVE_LIMIT,
          REFUSAL_REASON_QUEUE_FULL,
          REFUSAL_REASON_QUEUE_WAIT,
          REFUSAL_REASON_UNSPECIFIED,
          UNRECOGNIZED ->
          overloaded(refusal.getRetryAfterSeconds());
    };
  }

  private RequestFailure overloaded(double retryAfterSeconds) {
    return new RequestFailure(
        RequestFailure.Kind.OVERLOADED,
        "every replica of model '" + route.model() + "' is too busy",
        retryAfterSeconds);
  }

  private Step giveUp(RequestFailure.Kind kind, String message) {
    return giveUp(new RequestFailure(kind, message));
  }

  private Step giveUp(RequestFailure failure) {
    route.metrics().failed(failure.kind());
    finish();
    return new Step.GiveUp(failure);
  }

  private Step overAlready() {
    return new Step.GiveUp(
        new RequestFailure(RequestFailure.Kind.CANCELLED, "the request is over"));
  }

  /** Closes the lease of the current try and returns it, or null when there is none. */
  private @Nullable Lease endAttempt(Lease.Outcome outcome) {
    Lease ended = lease;
    lease = null;
    if (ended != null) {
      ended.close(outcome);
    }
    return ended;
  }

  private void finish() {
    over = true;
    route.metrics().tried(attempts);
  }
}
