package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.warmpath.router.HttpDoorMetrics.Rejection;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One client's HTTP/1.1 connection, or one stream of an HTTP/2 connection: collects a request, has
 * it served, and goes on to the next. A client that sends a request before it has its answer gets
 * that answer, and then a closed connection.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
final class HttpConnection extends ChannelInboundHandlerAdapter {

  /** Longest time in which a connection must bring a whole request; also an idle one's life. */
  private static final long RECEIVE_LIMIT_SECONDS = 75;

  /** Longest time in which what a refused client still sends is read and dropped. */
  private static final long LINGER_SECONDS = 2;

  /**
   * Most headers of a request, each part of a cookie counted. HTTP/2, which agents are spoken to
   * in, makes a header of each such part and takes it for 32 bytes more than it has, so that many
   * short ones would be too long, and their connection be closed.
   */
  private static final int MAX_HEADERS = 512;

  private static final String JSON = "application/json";

  private final RequestPath path;
  private final HttpDoorMetrics metrics;
  private final ReceivedBody body;
  private @Nullable HttpRequest request;
  private @Nullable OpenAiError refusal;
  private @Nullable HttpExchange exchange;
  private @Nullable Future<?> receiveLimit;
  private boolean closing;
  private boolean leaving;
  private boolean keepAlive = true;

  HttpConnection(RequestPath path, HttpDoorMetrics metrics) {
    this.path = path;
    this.metrics = metrics;
    this.body = new ReceivedBody(path.bodies(), path.limits().maxMessageBytes());
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    awaitRequest(context);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    stopWaiting();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == HttpDoor.Leaving.NOW) {
      leaving = true;
      keepAlive = false;
      if (exchange == null && request == null) {
        context.close();
      }
    } else if (event instanceof SslHandshakeCompletionEvent tls && !tls.isSuccess()) {
      metrics.rejected(Rejection.NO_TLS);
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    try {
      if (closing) {
        return;
      }
      if (exchange != null) {
        outOfTurn(message);
        return;
      }
      if (message instanceof HttpRequest head) {
        begin(context, head);
      }
      if (message instanceof HttpContent content && request != null && !closing) {
        collect(context, content);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (exchange != null) {
      exchange.writabilityChanged();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    closing = true;
    stopWaiting();
    body.drop();
    HttpExchange running = exchange;
    exchange = null;
    if (running != null) {
      running.clientGone();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }

  // ---- receiving

  private void begin(ChannelHandlerContext context, HttpRequest head) {
    if (!head.decoderResult().isSuccess()) {
      refuseHead(context, malformed(head.decoderResult().cause()));
      return;
    }
    OpenAiError unfit = unfit(head);
    if (unfit != null) {
      refuseHead(context, unfit);
      return;
    }
    request = head;
    keepAlive = !leaving && HttpUtil.isKeepAlive(head);
    refusal = HttpPaths.isHealth(head) ? null : path.gate().enter(head.headers());
    long length = HttpUtil.getContentLength(head, 0L);
    body.begin(refusal == null ? Math.min(length, path.limits().maxMessageBytes()) : 0);
    if (length > path.limits().maxMessageBytes()) {
      refuseTooLarge(context);
    } else if (HttpUtil.is100ContinueExpected(head)) {
      context.writeAndFlush(
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
    }
  }

  private void collect(ChannelHandlerContext context, HttpContent content) {
    if (!content.decoderResult().isSuccess()) {
      refuseHead(context, malformed(content.decoderResult().cause()));
      return;
    }
    if (refusal != null) {
      refuse(context, refusal, content); // What a stranger sends is not kept.
      return;
    }
    ByteBuf part = content.content();
    if (!body.fits(part)) {
      refuseTooLarge(context);
      return;
    }
    if (!body.add(part)) {
      refuseForMemory(context);
      return;
    }
    HttpRequest whole = request;
    if (content instanceof LastHttpContent && whole != null) {
      request = null;
      stopWaiting();
      dispatch(context, whole);
    }
  }

  private void refuse(ChannelHandlerContext context, OpenAiError error, HttpContent content) {
    if (content instanceof LastHttpContent) {
      request = null;
      refusal = null;
      stopWaiting();
      fail(context, error, 0);
    }
  }

  private void awaitRequest(ChannelHandlerContext context) {
    receiveLimit =
        context
            .executor()
            .schedule(() -> tooSlow(context), RECEIVE_LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private void stopWaiting() {
    if (receiveLimit != null) {
      receiveLimit.cancel(false);
      receiveLimit = null;
    }
  }

  private void tooSlow(ChannelHandlerContext context) {
    if (request == null) {
      context.close();
    } else {
      metrics.rejected(Rejection.TOO_SLOW);
      refuseAndClose(
          context,
          OpenAiError.badRequest(
              HttpResponseStatus.REQUEST_TIMEOUT,
              "the request was not whole after " + RECEIVE_LIMIT_SECONDS + " s"));
    }
  }

  /* A client that sends its next request before it has its answer: it is not read. */
  private void outOfTurn(Object message) {
    if (message instanceof HttpRequest) {
      metrics.rejected(Rejection.OUT_OF_TURN);
      keepAlive = false;
    }
  }

  private void refuseHead(ChannelHandlerContext context, OpenAiError error) {
    metrics.rejected(
        error.status().equals(HttpResponseStatus.BAD_REQUEST)
            ? Rejection.MALFORMED
            : Rejection.HEAD_TOO_LARGE);
    refuseAndClose(context, error);
  }

  /** Returns what is wrong with a head that is HTTP but could not be passed on, or null. */
  private static @Nullable OpenAiError unfit(HttpRequest head) {
    if (head.method().equals(HttpMethod.CONNECT) || head.method().equals(HttpMethod.TRACE)) {
      return OpenAiError.badRequest(
          HttpResponseStatus.BAD_REQUEST, "the method " + head.method() + " is not served");
    }
    return headerCount(head.headers()) <= MAX_HEADERS
        ? null
        : OpenAiError.badRequest(
            HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "there are more than " + MAX_HEADERS + " headers");
  }

  private static long headerCount(HttpHeaders headers) {
    @Var long count = headers.size();
    for (String cookie : headers.getAll(HttpHeaderNames.COOKIE)) {
      count += cookie.chars().filter(character -> character == ';').count();
    }
    return count;
  }

  private static OpenAiError malformed(Throwable cause) {
    return switch (cause) {
      case TooLongHttpLineException tooLong ->
          OpenAiError.badRequest(
              HttpResponseStatus.REQUEST_URI_TOO_LONG, "the request line is too long");
      case TooLongHttpHeaderException tooLong ->
          OpenAiError.badRequest(
              HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too long");
      default ->
          OpenAiError.badRequest(HttpResponseStatus.BAD_REQUEST, "the request is not HTTP/1.1");
    };
  }

  private void refuseTooLarge(ChannelHandlerContext context) {
    metrics.rejected(Rejection.BODY_TOO_LARGE);
    refuseAndClose(
        context,
        OpenAiError.badRequest(
            HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
            "the body is longer than " + path.limits().maxMessageBytes() + " bytes"));
  }

  private void refuseForMemory(ChannelHandlerContext context) {
    metrics.rejected(Rejection.BODIES_FULL);
    refuseAndClose(
        context,
        OpenAiError.of(
            new RequestFailure(
                RequestFailure.Kind.OVERLOADED, "this router holds its limit of bodies", 1)));
  }

  // ---- answering

  private void dispatch(ChannelHandlerContext context, HttpRequest head) {
    String target = HttpPaths.path(head.uri());
    boolean get = head.method().equals(HttpMethod.GET);
    if (HttpPaths.relayed(head.uri()) && !(get && target.equals(HttpPaths.MODELS))) {
      HttpExchange started = new HttpExchange(path, this, context, head, body.take());
      exchange = started;
      started.start();
      return;
    }
    body.drop();
    if (get && target.equals(HttpPaths.HEALTH)) {
      answer(context, HttpResponseStatus.OK, null, ""); // As engines do.
    } else if (get && target.equals(HttpPaths.READY)) {
      boolean ready = path.table().get().anyReady();
      answer(
          context,
          ready ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE,
          JSON,
          "{\"ready\":" + ready + "}");
    } else if (get && target.equals(HttpPaths.MODELS)) {
      answer(context, HttpResponseStatus.OK, JSON, ModelList.json(path.table().get()));
    } else {
      metrics.rejected(Rejection.NO_SUCH_PATH);
      fail(context, OpenAiError.badRequest(HttpResponseStatus.NOT_FOUND, "no such path"), 0);
    }
  }

  /** The exchange has answered in full; the connection serves the next request, or closes. */
  void exchangeEnded(ChannelHandlerContext context) {
    exchange = null;
    if (keepAlive) {
      context.flush();
      awaitRequest(context);
    } else {
      close(context);
    }
  }

  /** The exchange cannot go on, and the client must notice: cuts the connection. */
  void exchangeBroken(ChannelHandlerContext context) {
    exchange = null;
    closing = true;
    context.close();
  }

  /** Whether the connection may serve another request. */
  boolean keepAlive() {
    return keepAlive;
  }

  /** Nothing but the connection's end says where the answer ends. */
  void endsWithAnswer() {
    keepAlive = false;
  }

  /** Answers with an error and goes on. */
  void fail(ChannelHandlerContext context, OpenAiError error, double retryAfterSeconds) {
    exchange = null;
    FullHttpResponse response = response(error.status(), JSON, error.json());
    if (error.status().equals(HttpResponseStatus.UNAUTHORIZED)) {
      response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
    }
    if (retryAfterSeconds > 0) {
      response
          .headers()
          .set(HttpHeaderNames.RETRY_AFTER, Long.toString((long) Math.ceil(retryAfterSeconds)));
    }
    send(context, response);
  }

  /** Answers in the engine's own words and goes on. */
  void fail(ChannelHandlerContext context, EngineFault fault) {
    exchange = null;
    FullHttpResponse response = response(fault.status(), null, fault.body());
    if (!fault.contentType().isEmpty()) {
      response.headers().set(HttpHeaderNames.CONTENT_TYPE, fault.contentType());
    }
    if (fault.retryAfter() != null) {
      response.headers().set(HttpHeaderNames.RETRY_AFTER, fault.retryAfter());
    }
    send(context, response);
  }

  private void refuseAndClose(ChannelHandlerContext context, OpenAiError error) {
    keepAlive = false;
    request = null;
    stopWaiting();
    closing = true;
    exchange = null;
    body.drop();
    FullHttpResponse response = response(error.status(), JSON, error.json());
    if (error.status().equals(HttpResponseStatus.TOO_MANY_REQUESTS)) {
      response.headers().set(HttpHeaderNames.RETRY_AFTER, "1");
    }
    response.headers().set(HttpHeaderNames.CONNECTION, "close");
    context.writeAndFlush(response).addListener(written -> linger(context));
  }

  /*
   * A client that is still sending would not see the answer if the connection were reset now. On a
   * stream of HTTP/2 a reset with NO_ERROR asks it to stop and to take the answer (RFC 9113, 8.1).
   */
  private static void linger(ChannelHandlerContext context) {
    if (context.channel() instanceof Http2StreamChannel stream && stream.isActive()) {
      context.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.NO_ERROR));
    } else if (context.channel() instanceof DuplexChannel connection && connection.isActive()) {
      SslHandler tls = context.pipeline().get(SslHandler.class);
      if (tls != null) {
        tls.closeOutbound();
      }
      connection.shutdownOutput();
      context.executor().schedule(() -> connection.close(), LINGER_SECONDS, TimeUnit.SECONDS);
    } else {
      context.close();
    }
  }

  private void answer(
      ChannelHandlerContext context,
      HttpResponseStatus status,
      @Nullable String type,
      String text) {
    send(context, response(status, type, text.getBytes(StandardCharsets.UTF_8)));
  }

  private void send(ChannelHandlerContext context, FullHttpResponse response) {
    if (keepAlive) {
      context.writeAndFlush(response);
      awaitRequest(context);
    } else {
      response.headers().set(HttpHeaderNames.CONNECTION, "close");
      context.write(response);
      close(context);
    }
  }

  private void close(ChannelHandlerContext context) {
    closing = true;
    context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  private static FullHttpResponse response(
      HttpResponseStatus status, @Nullable String type, byte[] bytes) {
    FullHttpResponse response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(bytes));
    if (type != null) {
      response.headers().set(HttpHeaderNames.CONTENT_TYPE, type);
    }
    response.headers().set(HttpHeaderNames.CONTENT_LENGTH, bytes.length);
    return response;
  }
}
