package io.warmpath.cli.interop;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.ReplicaServiceGrpc;
import io.warmpath.v1.SamplingParams;
import io.warmpath.v1.TokenIds;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/** Calls an agent as a router does. */
final class AgentClient implements AutoCloseable {

  private final ManagedChannel channel;

  AgentClient(int port) {
    channel = NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
  }

  /**
   * A prompt on its way.
   *
   * @param pendingSeconds the agent's pending work before it, told when the agent has taken it
   * @param firstTokenNanos when its first token came, by {@link System#nanoTime}
   */
  record Sent(CompletableFuture<Double> pendingSeconds, CompletableFuture<Long> firstTokenNanos) {}

  /** Asks for one token after {@code prompt}. */
  Sent send(TracePrompts.Prompt prompt) {
    TokenIds.Builder ids = TokenIds.newBuilder();
    Arrays.stream(prompt.ids()).forEach(ids::addIds);
    ReplicaGenerateRequest request =
        ReplicaGenerateRequest.newBuilder()
            .setReplicaId(InteropCluster.replica(0))
            .setPromptTokens(prompt.ids().length)
            .setExpectedCachedTokens(prompt.cachedTokens())
            .setRequest(
                GenerateRequest.newBuilder()
                    .setModel(TestEngine.MODEL)
                    .setTokenIds(ids)
                    .setSampling(SamplingParams.newBuilder().setMaxTokens(1).setIgnoreEos(true)))
            .build();
    Sent sent = new Sent(new CompletableFuture<>(), new CompletableFuture<>());
    ReplicaServiceGrpc.newStub(channel).generate(request, new Answer(sent));
    return sent;
  }

  private record Answer(Sent sent) implements StreamObserver<ReplicaGenerateResponse> {

    @Override
    public void onNext(ReplicaGenerateResponse response) {
      switch (response.getEventCase()) {
        case PLACEMENT ->
            sent.pendingSeconds.complete(response.getPlacement().getPendingWorkSeconds());
        case DELTA -> sent.firstTokenNanos.complete(System.nanoTime());
        case COMPLETED -> {}
        case REFUSED, EVENT_NOT_SET -> onError(new AssertionError("refused: " + response));
      }
    }

    @Override
    public void onError(Throwable failure) {
      sent.pendingSeconds.completeExceptionally(failure);
      sent.firstTokenNanos.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
      onError(new AssertionError("the stream ended without a token"));
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
