package io.warmpath.router;

import io.grpc.Context;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.v1.Completed;
import io.warmpath.v1.Delta;
import io.warmpath.v1.Placement;
import io.warmpath.v1.RefusalReason;
import io.warmpath.v1.Refused;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.ReplicaServiceGrpc;
import io.warmpath.v1.Usage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An agent that answers as a script says, over a real socket. */
final class FakeAgent implements AutoCloseable {

  static final String MODEL = "m";

  /** Called with each request, on a thread of the server. */
  interface Script {
    void answer(Call call);
  }

  private final String replicaId;
  private final Server server;
  private final int port;
  private final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
  private volatile Script script;

  private FakeAgent(String replicaId, Script script) throws IOException {
    this.replicaId = replicaId;
    this.script = script;
    this.server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .addService(new Service())
            .build()
            .start();
    this.port = server.getPort();
  }

  static FakeAgent start(String replicaId, Script script) throws IOException {
    return new FakeAgent(replicaId, script);
  }

  void script(Script next) {
    script = next;
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  ReplicaReport report() {
    return report(1);
  }

  ReplicaReport report(long sequence) {
    return report(replicaId, address(), sequence);
  }

  static ReplicaReport report(String replicaId, String address, long sequence) {
    return new ReplicaReport(
        new ReplicaReport.Identity(
            replicaId,
            address,
            List.of(new ReplicaReport.ServedModel(MODEL, 4096, List.of())),
            Map.of(),
            1),
        1,
        sequence,
        ReplicaReport.State.READY,
        3600,
        ReplicaReport.Load.IDLE,
        new ReplicaReport.Cache(0, 400_000, 16, 0, Double.POSITIVE_INFINITY),
        new PrefillSpeed(20_000, 0.005),
        List.of(),
        RecentAnchors.NONE,
        new ReplicaReport.Totals(0, 0, 0));
  }

  /** Waits for the next call. */
  Call nextCall() throws InterruptedException {
    Call call = calls.poll(10, TimeUnit.SECONDS);
    if (call == null) {
      throw new AssertionError("no call came to " + replicaId);
    }
    return call;
  }

  int callsWaiting() {
    return calls.size();
  }

  /** Drops every connection at once. */
  void kill() {
    server.shutdownNow();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  /** Answers with {@code words} and a usage of as many tokens. */
  static Script says(String... words) {
    return call -> {
      call.placement(0.25);
      for (String word : words) {
        call.delta(word);
      }
      call.completed(words.length, 128);
      call.end();
    };
  }

  static Script refuses(RefusalReason reason, double pendingSeconds, double retryAfterSeconds) {
    return call -> {
      call.send(
          ReplicaGenerateResponse.newBuilder()
              .setRefused(
                  Refused.newBuilder()
                      .setReason(reason)
                      .setPendingWorkSeconds(pendingSeconds)
                      .setRetryAfterSeconds(retryAfterSeconds))
              .build());
      call.end();
    };
  }

  /** Takes the request and says nothing. */
  static Script stalls() {
    return call -> call.placement(0);
  }

  private final class Service extends ReplicaServiceGrpc.ReplicaServiceImplBase {
    @Override
    public void generate(
        ReplicaGenerateRequest request, StreamObserver<ReplicaGenerateResponse> observer) {
      Call call = new Call(request, (ServerCallStreamObserver<ReplicaGenerateResponse>) observer);
      calls.add(call);
      script.answer(call);
    }
  }

  /** One request and its answer. */
  static final class Call {
    final ReplicaGenerateRequest request;
    final ServerCallStreamObserver<ReplicaGenerateResponse> observer;
    final Context context = Context.current();
    final CountDownLatch cancelled = new CountDownLatch(1);

    Call(
        ReplicaGenerateRequest request,
        ServerCallStreamObserver<ReplicaGenerateResponse> observer) {
      this.request = request;
      this.observer = observer;
      observer.setOnCancelHandler(cancelled::countDown);
    }

    void placement(double pendingWorkSeconds) {
      send(
          ReplicaGenerateResponse.newBuilder()
              .setPlacement(
                  Placement.newBuilder()
                      .setReplicaId(request.getReplicaId())
                      .setPendingWorkSeconds(pendingWorkSeconds))
              .build());
    }

    void delta(String text) {
      send(
          ReplicaGenerateResponse.newBuilder()
              .setDelta(Delta.newBuilder().setText(text).setTokenCount(1))
              .build());
    }

    void completed(int completionTokens, int cachedTokens) {
      send(
          ReplicaGenerateResponse.newBuilder()
              .setCompleted(
                  Completed.newBuilder()
                      .setUsage(
                          Usage.newBuilder()
                              .setPromptTokens(request.getPromptTokens())
                              .setCachedTokens(cachedTokens)
                              .setCompletionTokens(completionTokens)))
              .build());
    }

    void send(ReplicaGenerateResponse response) {
      observer.onNext(response);
    }

    void end() {
      observer.onCompleted();
    }

    boolean awaitCancelled() throws InterruptedException {
      return cancelled.await(10, TimeUnit.SECONDS);
    }
  }
}
