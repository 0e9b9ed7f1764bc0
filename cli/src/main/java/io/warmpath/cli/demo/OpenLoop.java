package io.warmpath.cli.demo;

import com.google.errorprone.annotations.Var;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.warmpath.simulator.trace.TokenIds;
import io.warmpath.simulator.trace.TraceRequest;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.InferenceServiceGrpc.InferenceServiceStub;
import io.warmpath.v1.SamplingParams;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests at their times, whatever became of those before: a slow answer does not slow the
 * arrivals. First-token times count from when a request should have been sent, so that a late
 * sender cannot hide a wait.
 */
final class OpenLoop {

  private final InferenceServiceStub stub;
  private final String model;
  private final TokenIds tokens;
  private final Runnable onEnded;

  /**
   * @param onEnded called once a request, on a network thread
   */
  OpenLoop(InferenceServiceStub stub, String model, TokenIds tokens, Runnable onEnded) {
    this.stub = stub;
    this.model = model;
    this.tokens = tokens;
    this.onEnded = onEnded;
  }

  /**
   * Sends all {@code arrivals} and returns what became of them, in their order.
   *
   * @param tailSeconds how long to wait after the last one; what then still runs is cancelled
   */
  List<Sample> run(List<Arrival> arrivals, long tailSeconds) throws InterruptedException {
    CountDownLatch running = new CountDownLatch(arrivals.size());
    Sample[] samples = new Sample[arrivals.size()];
    long startNanos = System.nanoTime();
    for (@Var int i = 0; i < samples.length; i++) {
      Arrival arrival = arrivals.get(i);
      GenerateRequest request = request(arrival.request());
      long dueNanos = startNanos + arrival.atNanos();
      awaitTime(dueNanos);
      samples[i] = new Sample(arrival.request().promptTokens(), dueNanos, System.nanoTime());
      stub.generate(request, new Watcher(samples[i], running, onEnded));
    }
    if (!running.await(tailSeconds, TimeUnit.SECONDS)) {
      for (Sample sample : samples) {
        sample.cancel();
      }
      running.await(1, TimeUnit.SECONDS);
    }
    return List.of(samples);
  }

  private static void awaitTime(long dueNanos) throws InterruptedException {
    for (@Var long left = dueNanos - System.nanoTime(); left > 0; ) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      LockSupport.parkNanos(left);
      left = dueNanos - System.nanoTime();
    }
  }

  private GenerateRequest request(TraceRequest request) {
    int[] prompt = tokens.prompt(request);
    GenerateRequest.Builder message =
        GenerateRequest.newBuilder()
            .setModel(model)
            .setSampling(
                SamplingParams.newBuilder()
                    .setMaxTokens(Math.max(1, request.outputTokens()))
                    .setIgnoreEos(true));
    for (int token : prompt) {
      message.getTokenIdsBuilder().addIds(token);
    }
    TraceRequest.@Nullable Turn turn = request.turn();
    if (turn != null) {
      message.getAffinityBuilder().setSessionId(turn.session());
    }
    return message.build();
  }

  /** Notes what becomes of one request. */
  private static final class Watcher
      implements ClientResponseObserver<GenerateRequest, GenerateResponse> {

    private final Sample sample;
    private final CountDownLatch running;
    private final Runnable onEnded;

    Watcher(Sample sample, CountDownLatch running, Runnable onEnded) {
      this.sample = sample;
      this.running = running;
      this.onEnded = onEnded;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerateRequest> call) {
      sample.started(call);
    }

    @Override
    public void onNext(GenerateResponse event) {
      switch (event.getEventCase()) {
        case PLACEMENT -> sample.placed(event.getPlacement());
        case DELTA -> sample.decoded();
        case COMPLETED -> sample.completed(event.getCompleted().getUsage());
        case EVENT_NOT_SET -> {}
      }
    }

    @Override
    public void onError(Throwable failure) {
      sample.failed(failure);
      ended();
    }

    @Override
    public void onCompleted() {
      sample.ended();
      ended();
    }

    private void ended() {
      onEnded.run();
      running.countDown();
    }
  }
}
