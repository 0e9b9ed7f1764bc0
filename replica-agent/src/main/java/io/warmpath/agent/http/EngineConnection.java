package io.warmpath.agent.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/** One connection to the engine and the exchange that it carries now, if any. */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
final class EngineConnection extends ChannelInboundHandlerAdapter {

  private final EngineHttpClient client;
  private final EngineResponseDecoder decoder;
  private @Nullable EngineExchange exchange;
  private boolean keepAlive;
  private boolean reused;
  private boolean informational;
  private long idleSinceNanos;

  /** A connection whose answers {@code decoder} decodes. */
  EngineConnection(EngineHttpClient client, EngineResponseDecoder decoder) {
    this.client = client;
    this.decoder = decoder;
  }

  void carry(EngineExchange next) {
    exchange = next;
    decoder.answersHead(next.request().method().equals(HttpMethod.HEAD));
    keepAlive = false;
  }

  long idleSinceNanos() {
    return idleSinceNanos;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    try {
      if (message instanceof HttpObject part) {
        read(context, part);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void read(ChannelHandlerContext context, HttpObject part) {
    EngineExchange current = exchange;
    if (part.decoderResult().isFailure()) {
      if (current != null) {
        current.fail(EngineFailure.Kind.MALFORMED, "the engine's answer is not HTTP");
      }
      context.close();
      return;
    }
    if (current == null || current.isEnded()) {
      // Nobody asked: an engine that speaks out of turn, or the rest of a cancelled answer.
      context.close();
      return;
    }
    if (part instanceof HttpResponse response) {
      head(current, response);
    }
    if (part instanceof HttpContent content && !informational) {
      body(context, current, content);
    }
    if (part instanceof LastHttpContent) {
      informational = false;
    }
  }

  private void head(EngineExchange current, HttpResponse response) {
    int status = response.status().code();
    informational = status < 200;
    if (!informational) {
      keepAlive = HttpUtil.isKeepAlive((HttpMessage) response);
      current.head(status, response.headers());
    }
  }

  private void body(ChannelHandlerContext context, EngineExchange current, HttpContent content) {
    if (content.content().isReadable()) {
      current.body(content.content());
    }
    if (content instanceof LastHttpContent && !current.isEnded()) {
      exchange = null;
      // Back in the pool first, so that a request made by the listener finds it there.
      if (keepAlive) {
        reused = true;
        idleSinceNanos = client.nanos();
        client.putIdle(context.channel());
      } else {
        context.close();
      }
      current.complete();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    EngineExchange current = exchange;
    if (current != null) {
      current.readComplete();
    }
    context.fireChannelReadComplete();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    client.closed(context.channel());
    EngineExchange current = exchange;
    exchange = null;
    if (current == null || current.isEnded()) {
      return;
    }
    if (reused && current.mayRetry()) {
      // The engine closed an idle connection while the request was on its way to it.
      client.connect(current);
    } else {
      current.fail(EngineFailure.Kind.CLOSED, "the engine closed the connection");
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    EngineExchange current = exchange;
    if (current != null && !reused) {
      current.fail(EngineFailure.Kind.CLOSED, "the connection to the engine broke");
    }
    context.close();
  }
}
