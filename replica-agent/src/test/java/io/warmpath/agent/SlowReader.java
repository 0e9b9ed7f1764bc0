package io.warmpath.agent;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.ReplicaServiceGrpc;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A client that asks for no message until it is told to. */
final class SlowReader extends ClientCall.Listener<ReplicaGenerateResponse> {

  private final ClientCall<ReplicaGenerateRequest, ReplicaGenerateResponse> call;
  private final AtomicInteger messages = new AtomicInteger();
  private final CompletableFuture<Status> end = new CompletableFuture<>();

  SlowReader(Channel channel) {
    call = channel.newCall(ReplicaServiceGrpc.getGenerateMethod(), CallOptions.DEFAULT);
  }

  void start(ReplicaGenerateRequest request) {
    call.start(this, new Metadata());
    call.sendMessage(request);
    call.halfClose();
  }

  void readAll() {
    call.request(1_000_000);
  }

  int messages() {
    return messages.get();
  }

  Status end() throws Exception {
    return end.get(AgentFixture.LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public void onMessage(ReplicaGenerateResponse message) {
    messages.incrementAndGet();
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    end.complete(status);
  }
}
