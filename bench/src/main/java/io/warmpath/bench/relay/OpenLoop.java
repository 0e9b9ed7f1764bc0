package io.warmpath.bench.relay;

import com.google.errorprone.annotations.Var;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.InferenceServiceGrpc.InferenceServiceStub;
import io.warmpath.v1.TokenIds;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A client that sends requests at given moments, whatever became of the earlier ones, and measures
 * from the moment a request was due, so that a slow server cannot hide behind a client that waits.
 */
final class OpenLoop implements AutoCloseable {

  static final String MODEL = "echo";

  private static final int CONNECTIONS = 4;
  private static final int PROMPTS = 64;
  private static final int PROMPT_TOKENS = 1024;
  private static final int VOCABULARY = 128_000;
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(30);

  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ManagedChannel[] channels = new ManagedChannel[CONNECTIONS];
  private final TokenIds[] prompts = new TokenIds[PROMPTS];

  /** A client of the server on {@code port} of the loopback interface. */
  OpenLoop(int port) {
    for (int i = 0; i < CONNECTIONS; i++) {
      channels[i] =
          NettyChannelBuilder.forAddress("127.0.0.1", port)
              .eventLoopGroup(loop)
              .channelType(NioSocketChannel.class)
              .directExecutor() // So one thread sees all answers.
              .usePlaintext()
              .build();
    }
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < PROMPTS; i++) {
      TokenIds.Builder prompt = TokenIds.newBuilder();
      random.ints(PROMPT_TOKENS, 0, VOCABULARY).forEach(prompt::addIds);
      prompts[i] = prompt.build();
    }
  }

  /** Sends {@code count} requests and waits for their ends. */
  Timings run(Scenario scenario, int count) throws InterruptedException {
    Timings timings = new Timings();
    CountDownLatch ended = new CountDownLatch(count);
    GenerateRequest.Builder request =
        GenerateRequest.newBuilder().setModel(MODEL).setSampling(EchoServer.sampling(scenario));
    double gapNanos = 1e9 / scenario.requestsPerSecond();
    long startNanos = System.nanoTime();
    for (int i = 0; i < count; i++) {
      long dueNanos = startNanos + (long) (i * gapNanos);
      awaitNanos(dueNanos);
      InferenceServiceStub stub = InferenceServiceGrpc.newStub(channels[i % CONNECTIONS]);
      stub.generate(
          request.setTokenIds(prompts[i % PROMPTS]).build(),
          new Answer(dueNanos, scenario.chunks(), timings, ended));
    }
    long longest =
        LONGEST_ANSWER.toNanos() + 1_000L * scenario.chunks() * scenario.chunkGapMicros();
    if (!ended.await(longest, TimeUnit.NANOSECONDS)) {
      throw new IllegalStateException(ended.getCount() + " requests of " + count + " never ended");
    }
    return timings;
  }

  private static void awaitNanos(long dueNanos) {
    @Var long leftNanos = dueNanos - System.nanoTime();
    while (leftNanos > 0) {
      LockSupport.parkNanos(leftNanos);
      leftNanos = dueNanos - System.nanoTime();
    }
  }

  @Override
  public void close() {
    for (ManagedChannel channel : channels) {
      channel.shutdownNow();
    }
    var _ = loop.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
  }

  /** One answer; on the client's event loop, which alone writes the timings. */
  private static final class Answer implements StreamObserver<GenerateResponse> {

    private final long dueNanos;
    private final int expectedChunks;
    private final Timings timings;
    private final CountDownLatch ended;
    private int chunks;

    Answer(long dueNanos, int expectedChunks, Timings timings, CountDownLatch ended) {
      this.dueNanos = dueNanos;
      this.expectedChunks = expectedChunks;
      this.timings = timings;
      this.ended = ended;
    }

    @Override
    public void onNext(GenerateResponse response) {
      if (!response.hasDelta()) {
        return;
      }
      long nowNanos = System.nanoTime();
      String stamp = response.getDelta().getText().substring(0, EchoServer.STAMP_DIGITS);
      timings.chunk(nowNanos - Long.parseLong(stamp));
      if (chunks == 0) {
        timings.first(nowNanos - dueNanos);
      }
      chunks++;
    }

    @Override
    public void onError(Throwable failure) {
      timings.failed(failure);
      ended.countDown();
    }

    @Override
    public void onCompleted() {
      if (chunks == expectedChunks) {
        timings.last(System.nanoTime() - dueNanos);
      } else {
        timings.failed(new IllegalStateException(chunks + " chunks of " + expectedChunks));
      }
      ended.countDown();
    }
  }
}
