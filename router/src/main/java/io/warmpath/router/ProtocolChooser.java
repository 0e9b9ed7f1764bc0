package io.warmpath.router;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.List;

/**
 * The first handler of a client's connection: stands aside for HTTP/1.1, or puts HTTP/2 in its
 * place when the connection begins with HTTP/2's preface. Each stream is then served like a
 * connection of HTTP/1.1.
 */
final class ProtocolChooser extends ByteToMessageDecoder {

  private static final int MAX_STREAMS = 1_024;
  private static final int WINDOW_BYTES = 256 << 10;
  private static final int IDLE_LIMIT_SECONDS = 300;

  /**
   * Streams that may be reset in a window of time before the connection is closed. A gateway has
   * many users on one connection, and each that leaves is a reset: Netty's 200 would have those who
   * go cut off those who stay. What a reset costs is bounded, as its request is given up with it.
   */
  private static final int MAX_RESETS = 10 * MAX_STREAMS;

  private static final int RESET_WINDOW_SECONDS = 30;

  private final RequestPath path;
  private final HttpDoorMetrics metrics;

  ProtocolChooser(RequestPath path, HttpDoorMetrics metrics) {
    this.path = path;
    this.metrics = metrics;
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    ByteBuf preface = Http2CodecUtil.connectionPrefaceBuf();
    try {
      int length = Math.min(in.readableBytes(), preface.readableBytes());
      boolean matches =
          in.slice(in.readerIndex(), length).equals(preface.slice(preface.readerIndex(), length));
      if (!matches) {
        context.pipeline().remove(this);
      } else if (length == preface.readableBytes()) {
        replaceBy2(context.pipeline());
        context.pipeline().remove(this);
      }
    } finally {
      preface.release();
    }
  }

  private void replaceBy2(ChannelPipeline pipeline) {
    pipeline.remove(HttpServerCodec.class);
    pipeline.remove(HttpConnection.class);
    Http2FrameCodec frames =
        Http2FrameCodecBuilder.forServer()
            .initialSettings(
                Http2Settings.defaultSettings()
                    .maxConcurrentStreams(MAX_STREAMS)
                    .initialWindowSize(WINDOW_BYTES)
                    .maxHeaderListSize(HttpDoor.MAX_HEADER_BYTES))
            .decoderEnforceMaxRstFramesPerWindow(MAX_RESETS, RESET_WINDOW_SECONDS)
            .encoderEnforceMaxRstFramesPerWindow(MAX_RESETS, RESET_WINDOW_SECONDS)
            .build();
    pipeline
        .addLast(new IdleStateHandler(0, 0, IDLE_LIMIT_SECONDS))
        .addLast(frames)
        .addLast(
            new Http2MultiplexHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel stream) {
                    stream
                        .pipeline()
                        .addLast(new Http2StreamFrameToHttpObjectCodec(true))
                        .addLast(new HttpConnection(path, metrics));
                  }
                }))
        .addLast(new Ending(frames));
  }

  /** The end of an HTTP/2 connection's pipeline: what concerns the connection as a whole. */
  @SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
  private static final class Ending extends ChannelInboundHandlerAdapter {

    private final Http2FrameCodec frames;

    Ending(Http2FrameCodec frames) {
      this.frames = frames;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ReferenceCountUtil.release(message); // Settings and pings: the codec has answered them.
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event == HttpDoor.Leaving.NOW) {
        context.writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR));
      } else if (event instanceof IdleStateEvent && frames.connection().numActiveStreams() == 0) {
        context.close();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
