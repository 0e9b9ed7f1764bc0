package io.warmpath.router;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.InferenceServiceGrpc;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client that takes messages only when told to. */
final class SlowClient extends ClientCall.Listener<GenerateResponse> {

  final ClientCall<GenerateRequest, GenerateResponse> call;
  private final BlockingQueue<GenerateResponse> received = new LinkedBlockingQueue<>();
  private final CompletableFuture<Status> status = new CompletableFuture<>();

  private SlowClient(ClientCall<GenerateRequest, GenerateResponse> call) {
    this.call = call;
  }

  static SlowClient start(RouterHarness harness, GenerateRequest request) {
    SlowClient client =
        new SlowClient(
            harness.channel.newCall(InferenceServiceGrpc.getGenerateMethod(), CallOptions.DEFAULT));
    client.call.start(client, new Metadata());
    client.call.sendMessage(request);
    client.call.halfClose();
    return client;
  }

  @Override
  public void onMessage(GenerateResponse message) {
    received.add(message);
  }

  @Override
  public void onClose(Status ended, Metadata trailers) {
    status.complete(ended);
  }

  GenerateResponse next() throws InterruptedException {
    GenerateResponse message = received.poll(10, TimeUnit.SECONDS);
    if (message == null) {
      throw new AssertionError("no message; status " + status.getNow(null));
    }
    return message;
  }

  Status status() throws Exception {
    return status.get(30, TimeUnit.SECONDS);
  }

  /** Waits for the end and returns how many messages came that were not taken yet. */
  int drain() throws Exception {
    status();
    return received.size();
  }
}
