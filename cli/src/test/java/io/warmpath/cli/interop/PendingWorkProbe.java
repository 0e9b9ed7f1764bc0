package io.warmpath.cli.interop;

import com.google.errorprone.annotations.Var;
import io.grpc.stub.StreamObserver;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.RoutingControls;
import io.warmpath.v1.SamplingParams;
import io.warmpath.v1.TokenIds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Keeps one replica busy with conversations that grow turn by turn, and then compares what its
 * agent says of its pending work with what the engine takes for it.
 */
final class PendingWorkProbe {

  private static final int CONVERSATIONS = 3;
  private static final int MAX_TOKENS = 2_500;
  private static final int IN_FLIGHT = 4;
  private static final double NANOS_PER_SECOND = 1e9;

  private final InteropCluster cluster;
  private final int replica;
  private final SplittableRandom random;
  private final int[][] conversations = new int[CONVERSATIONS][0];
  private int turns;

  PendingWorkProbe(InteropCluster cluster, int replica, long seed) {
    this.cluster = cluster;
    this.replica = replica;
    this.random = new SplittableRandom(seed);
  }

  /**
   * What was said and what was true.
   *
   * @param saidSeconds pending work when the last request of a burst was taken, that one left out
   * @param tookSeconds from its sending to the last first output of them all
   */
  record Outcome(double saidSeconds, double tookSeconds) {}

  /** Sends so many turns, a few at a time. */
  void keepBusy(int requests) throws Exception {
    Semaphore free = new Semaphore(IN_FLIGHT);
    for (int i = 0; i < requests; i++) {
      free.acquire();
      var _ = start(nextTurn()).ended.whenComplete((done, failed) -> free.release());
    }
    free.acquire(IN_FLIGHT);
  }

  /** Sends so many turns at once. */
  Outcome burst(int requests) throws Exception {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      calls.add(start(nextTurn()));
    }
    @Var double saidSeconds = 0;
    @Var double tookSeconds = 0;
    long sentNanos = calls.getLast().sentNanos;
    for (Call call : calls) {
      call.ended.get(InteropCluster.LIMIT.toSeconds(), TimeUnit.SECONDS);
      saidSeconds = Math.max(saidSeconds, call.pendingSeconds);
      tookSeconds = Math.max(tookSeconds, (call.firstOutputNanos - sentNanos) / NANOS_PER_SECOND);
    }
    return new Outcome(saidSeconds, tookSeconds);
  }

  private int[] nextTurn() {
    int index = turns++ % CONVERSATIONS;
    int more = (int) Math.exp(random.nextDouble(Math.log(50), Math.log(800)));
    int[] before = conversations[index];
    int kept = before.length + more > MAX_TOKENS ? 0 : before.length;
    int[] after = Arrays.copyOf(kept == 0 ? new int[0] : before, kept + more);
    for (int i = kept; i < after.length; i++) {
      after[i] = random.nextInt(1, TestEngine.VOCABULARY);
    }
    conversations[index] = after;
    return after;
  }

  private Call start(int[] ids) {
    TokenIds.Builder tokens = TokenIds.newBuilder();
    Arrays.stream(ids).forEach(tokens::addIds);
    Call call = new Call();
    cluster
        .grpcAsync()
        .generate(
            GenerateRequest.newBuilder()
                .setModel(TestEngine.MODEL)
                .setTokenIds(tokens)
                .setSampling(SamplingParams.newBuilder().setMaxTokens(2).setIgnoreEos(true))
                .setRouting(RoutingControls.newBuilder().addOnly(InteropCluster.replica(replica)))
                .build(),
            call);
    return call;
  }

  /** One call; its fields are read after its end. */
  private static final class Call implements StreamObserver<GenerateResponse> {
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();
    private final long sentNanos = System.nanoTime();
    private volatile double pendingSeconds;
    private volatile long firstOutputNanos;

    @Override
    public void onNext(GenerateResponse message) {
      if (message.hasPlacement()) {
        pendingSeconds = message.getPlacement().getPendingWorkSeconds();
      } else if (message.hasDelta() && firstOutputNanos == 0) {
        firstOutputNanos = System.nanoTime();
      }
    }

    @Override
    public void onError(Throwable error) {
      ended.completeExceptionally(error);
    }

    @Override
    public void onCompleted() {
      ended.complete(true);
    }
  }
}
