package io.warmpath.simulator.server;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client connection: serves its requests one after the other, and tells the one being served
 * when the client leaves. Keeps reading meanwhile, for that is how leaving is noticed.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, which is told
final class Connection extends SimpleChannelInboundHandler<FullHttpRequest> {

  /** Pipelined requests waiting at most; a client with more is cut off. */
  private static final int MAX_PIPELINED = 64;

  private final EngineLoop loop;
  private final Consumer<Exchange> dispatcher;
  private final ArrayDeque<FullHttpRequest> pipelined = new ArrayDeque<>();
  private @Nullable Exchange active;

  Connection(EngineLoop loop, Consumer<Exchange> dispatcher) {
    super(false);
    this.loop = loop;
    this.dispatcher = dispatcher;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    if (request.decoderResult().isFailure()) {
      request.release();
      new Exchange(context, request, loop, context::close)
          .text(400, "text/plain; charset=utf-8", "Invalid HTTP request received.");
    } else if (active == null) {
      serve(context, request);
      loop.flushDirty();
    } else if (pipelined.size() < MAX_PIPELINED) {
      pipelined.add(request);
    } else {
      request.release();
      context.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    Exchange left = active;
    active = null;
    while (!pipelined.isEmpty()) {
      pipelined.remove().release();
    }
    if (left != null) {
      left.disconnected();
    }
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A reset connection is everyday life; anything else is a bug that must be seen.
    if (!(cause instanceof IOException)) {
      context.fireExceptionCaught(cause);
    }
    context.close();
  }

  private void serve(ChannelHandlerContext context, FullHttpRequest request) {
    Exchange exchange = new Exchange(context, request, loop, () -> serveNext(context));
    active = exchange;
    dispatcher.accept(exchange);
  }

  private void serveNext(ChannelHandlerContext context) {
    active = null;
    FullHttpRequest next = pipelined.poll();
    if (next != null) {
      // Not from here, so that a long pipeline does not nest.
      context.executor().execute(() -> serveQueued(context, next));
    }
  }

  private void serveQueued(ChannelHandlerContext context, FullHttpRequest request) {
    if (active != null) {
      pipelined.addFirst(request);
      return;
    }
    if (!context.channel().isActive()) {
      request.release();
      return;
    }
    serve(context, request);
    loop.flushDirty();
  }
}
