package io.warmpath.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2LocalFlowController;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.util.function.Function;

/**
 * The handlers of an HTTP/2 connection between a router and an agent, the same at both ends. All
 * exchanges of one of the router's event loops with an agent are streams of one connection, so that
 * what comes for many of them at a time leaves in one write and arrives in one read: a chunk is one
 * token of one client, and the system calls are most of what it costs.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
public final class RelayPipeline {

  /** Streams that a connection may carry at a time. */
  private static final int MAX_STREAMS = 20_000;

  /**
   * What may be on its way of one exchange in one direction, bytes, before the receiver has read
   * it: thousands of chunks, or a prompt of a hundred thousand tokens.
   */
  private static final int STREAM_WINDOW_BYTES = 512 << 10;

  /**
   * What may wait to be written to a connection before all its streams are held back, bytes: enough
   * for a chunk of each.
   */
  public static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(2 << 20, 4 << 20);

  /** Longest frame, bytes. */
  private static final int MAX_FRAME_BYTES = 64 << 10;

  /** As HTTP/2 counts them: 32 bytes for each header beside its name and value. */
  private static final int MAX_HEADER_LIST_BYTES = 512 << 10;

  /** Streams hold each other up only by their own windows: 2,048 that nobody reads fill it. */
  private static final int CONNECTION_WINDOW_BYTES = 1 << 30;

  private static final int MAX_JOINED_FLUSHES = 1_024;

  /**
   * Has a stream's read end when its connection's ends, however many frames were for it. With
   * Netty's default each frame behind the 16th of a stream is a read of its own, and so a write to
   * the other side.
   */
  private static final RecvByteBufAllocator WHOLE_READS =
      new FixedRecvByteBufAllocator(MAX_FRAME_BYTES).maxMessagesPerRead(Integer.MAX_VALUE);

  private RelayPipeline() {}

  /**
   * Makes {@code channel} the agent's end of a connection.
   *
   * @param serving makes the handler of each stream, which sees it as HTTP/1.1 objects
   */
  public static void serve(Channel channel, Function<Channel, ChannelHandler> serving) {
    Http2FrameCodec frames = limited(Http2FrameCodecBuilder.forServer()).build();
    ChannelInitializer<Channel> streams =
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel stream) {
            install(stream, true, serving.apply(stream));
          }
        };
    install(channel.pipeline(), frames, streams);
  }

  /** Makes {@code channel} the router's end of a connection; agents begin no streams. */
  public static void call(Channel channel) {
    Http2FrameCodec frames = limited(Http2FrameCodecBuilder.forClient()).build();
    ChannelInitializer<Channel> none =
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel stream) {
            stream.close();
          }
        };
    install(channel.pipeline(), frames, none);
  }

  /** Has {@code calling} handle a stream of the router's, which it sees as HTTP/1.1 objects. */
  public static void callStream(Channel stream, ChannelHandler calling) {
    install(stream, false, calling);
  }

  private static void install(Channel stream, boolean server, ChannelHandler handler) {
    stream.config().setRecvByteBufAllocator(WHOLE_READS);
    stream.pipeline().addLast(new Http2StreamFrameToHttpObjectCodec(server, false), handler);
  }

  private static Http2FrameCodecBuilder limited(Http2FrameCodecBuilder builder) {
    Http2Settings settings =
        Http2Settings.defaultSettings()
            .initialWindowSize(STREAM_WINDOW_BYTES)
            .maxFrameSize(MAX_FRAME_BYTES)
            .maxHeaderListSize(MAX_HEADER_LIST_BYTES);
    if (builder.isServer()) {
      settings.maxConcurrentStreams(MAX_STREAMS);
    } else {
      settings.pushEnabled(false);
    }
    // Clients that leave are resets here, any number of them.
    return builder
        .initialSettings(settings)
        .validateHeaders(false)
        .decoupleCloseAndGoAway(true)
        .decoderEnforceMaxRstFramesPerWindow(0, 0)
        .encoderEnforceMaxRstFramesPerWindow(0, 0)
        .encoderEnforceMaxQueuedControlFrames(0);
  }

  private static void install(
      ChannelPipeline pipeline, Http2FrameCodec frames, ChannelHandler streams) {
    pipeline
        .addLast(frames)
        .addLast(new WideWindow(frames))
        // Between the two, so that also the codec looks only once at what may be written.
        .addLast(new FlushConsolidationHandler(MAX_JOINED_FLUSHES, true))
        .addLast(new Http2MultiplexHandler(streams));
  }

  /** Widens the window of a connection as a whole once it is there. */
  private static final class WideWindow extends ChannelInboundHandlerAdapter {

    private final Http2FrameCodec frames;

    WideWindow(Http2FrameCodec frames) {
      this.frames = frames;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) throws Http2Exception {
      Http2LocalFlowController windows = frames.connection().local().flowController();
      int now = windows.windowSize(frames.connection().connectionStream());
      windows.incrementWindowSize(
          frames.connection().connectionStream(), CONNECTION_WINDOW_BYTES - now);
      context.pipeline().remove(this);
      context.fireChannelActive();
    }
  }
}
