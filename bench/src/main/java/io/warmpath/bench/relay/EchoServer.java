package io.warmpath.bench.relay;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.warmpath.v1.Completed;
import io.warmpath.v1.Delta;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.Placement;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.ReplicaServiceGrpc;
import io.warmpath.v1.SamplingParams;
import io.warmpath.v1.Usage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * An engine that computes nothing: answers with as many chunks as the request's {@code max_tokens}
 * says, {@link #GAP_MICROS} apart. It is its own agent, and also serves clients directly.
 *
 * <p>A chunk's text begins with the moment it was sent, in nanoseconds of the machine's clock,
 * which the processes of one machine share.
 */
final class EchoServer implements AutoCloseable {

  /** Name of the pause between chunks, microseconds, among the engine's own parameters. */
  static final String GAP_MICROS = "echo_gap_micros";

  /** Digits of the moment that a chunk's text begins with. */
  static final int STAMP_DIGITS = 19;

  private static final int TEXT_BYTES = 100;
  private static final String FILLER = ".".repeat(TEXT_BYTES - STAMP_DIGITS);

  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Server server;

  private EchoServer() throws IOException {
    this.server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .channelType(NioServerSocketChannel.class)
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .directExecutor() // A chunk takes microseconds and waits for nothing.
            .addService(new Direct())
            .addService(new AsAgent())
            .build()
            .start();
  }

  /** Starts one on a free port of the loopback interface. */
  static EchoServer start() throws IOException {
    return new EchoServer();
  }

  /** Returns what asks for an answer as {@code scenario} says. */
  static SamplingParams sampling(Scenario scenario) {
    Value gap = Value.newBuilder().setNumberValue(scenario.chunkGapMicros()).build();
    return SamplingParams.newBuilder()
        .setMaxTokens(scenario.chunks())
        .setExtra(Struct.newBuilder().putFields(GAP_MICROS, gap))
        .build();
  }

  int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
    var _ = loop.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
  }

  private <T> void answer(
      SamplingParams sampling, StreamObserver<T> observer, Function<GenerateResponse, T> wrap) {
    Answer<T> answer = new Answer<>(sampling, (ServerCallStreamObserver<T>) observer, wrap);
    answer.begin();
  }

  /** One answer; all of it runs on the event loop. */
  private final class Answer<T> {

    private final int chunks;
    private final long gapMicros;
    private final ServerCallStreamObserver<T> observer;
    private final Function<GenerateResponse, T> wrap;
    private int sent;

    Answer(
        SamplingParams sampling,
        ServerCallStreamObserver<T> observer,
        Function<GenerateResponse, T> wrap) {
      this.chunks = sampling.getMaxTokens();
      this.gapMicros = (long) sampling.getExtra().getFieldsOrThrow(GAP_MICROS).getNumberValue();
      this.observer = observer;
      this.wrap = wrap;
    }

    void begin() {
      observer.setOnCancelHandler(() -> sent = chunks);
      send(GenerateResponse.newBuilder().setPlacement(Placement.getDefaultInstance()).build());
      if (gapMicros == 0) {
        for (int i = 0; i < chunks; i++) {
          sendChunk();
        }
        end();
      } else {
        step();
      }
    }

    private void step() {
      if (observer.isCancelled()) {
        return;
      }
      sendChunk();
      if (sent < chunks) {
        var _ = loop.schedule(this::step, gapMicros, TimeUnit.MICROSECONDS);
      } else {
        end();
      }
    }

    private void sendChunk() {
      sent++;
      String text = String.format("%0" + STAMP_DIGITS + "d", System.nanoTime()) + FILLER;
      send(
          GenerateResponse.newBuilder()
              .setDelta(Delta.newBuilder().setText(text).setTokenCount(1))
              .build());
    }

    private void end() {
      Usage usage = Usage.newBuilder().setPromptTokens(1).setCompletionTokens(chunks).build();
      send(
          GenerateResponse.newBuilder()
              .setCompleted(Completed.newBuilder().setUsage(usage))
              .build());
      observer.onCompleted();
    }

    private void send(GenerateResponse response) {
      observer.onNext(wrap.apply(response));
    }
  }

  /** What a client calls. */
  private final class Direct extends InferenceServiceGrpc.InferenceServiceImplBase {
    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
      answer(request.getSampling(), observer, response -> response);
    }
  }

  /** What a router calls. */
  private final class AsAgent extends ReplicaServiceGrpc.ReplicaServiceImplBase {
    @Override
    public void generate(
        ReplicaGenerateRequest request, StreamObserver<ReplicaGenerateResponse> observer) {
      answer(request.getRequest().getSampling(), observer, AsAgent::wrapped);
    }

    private static ReplicaGenerateResponse wrapped(GenerateResponse response) {
      ReplicaGenerateResponse.Builder wrapped = ReplicaGenerateResponse.newBuilder();
      switch (response.getEventCase()) {
        case PLACEMENT -> wrapped.setPlacement(response.getPlacement());
        case DELTA -> wrapped.setDelta(response.getDelta());
        case COMPLETED -> wrapped.setCompleted(response.getCompleted());
        case EVENT_NOT_SET -> throw new IllegalArgumentException("no event");
      }
      return wrapped.build();
    }
  }
}
