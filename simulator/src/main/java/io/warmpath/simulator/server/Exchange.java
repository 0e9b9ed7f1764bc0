package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.JsonNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request and its answer: whole, or a stream of server-sent events. Used on the server's
 * event loop only. What is written to a stream is sent at the next {@link #flush}, which the engine
 * loop does once a step.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel, which is told
final class Exchange {

  private static final String JSON = "application/json";
  private static final String EVENT_STREAM = "text/event-stream; charset=utf-8";

  private final ChannelHandlerContext context;
  private final FullHttpRequest request;
  private final EngineLoop loop;
  private final QueryStringDecoder uri;
  private final Runnable afterEnd;
  private final StringBuilder pending = new StringBuilder();

  private boolean started;
  private boolean ended;
  private boolean dirty;
  private boolean streamEnding;
  private @Nullable Runnable onDisconnect;

  /** Takes {@code request} over; {@link #releaseBody} must be called once. */
  Exchange(
      ChannelHandlerContext context, FullHttpRequest request, EngineLoop loop, Runnable afterEnd) {
    this.context = context;
    this.request = request;
    this.loop = loop;
    this.afterEnd = afterEnd;
    uri = new QueryStringDecoder(request.uri());
  }

  String method() {
    return request.method().name();
  }

  String path() {
    return uri.rawPath();
  }

  /** Returns a query parameter, or null. */
  @Nullable String query(String name) {
    var values = uri.parameters().get(name);
    return values == null ? null : values.getFirst();
  }

  @Nullable String header(CharSequence name) {
    return request.headers().get(name);
  }

  /** The request's body; only while the request is being dispatched. */
  ByteBuf body() {
    return request.content();
  }

  /** Gives the memory of the body back, after the request was dispatched. */
  void releaseBody() {
    request.release();
  }

  /** Runs {@code action} if the client leaves before the answer ended. */
  void onDisconnect(Runnable action) {
    onDisconnect = action;
  }

  /** The client left. */
  void disconnected() {
    if (ended) {
      return;
    }
    ended = true;
    if (onDisconnect != null) {
      onDisconnect.run();
    }
  }

  /** Answers with a JSON body. */
  void json(int status, JsonNode body) {
    respond(status, JSON, Json.bytes(body));
  }

  /** Answers with a text. */
  void text(int status, String contentType, String body) {
    respond(status, contentType, body.getBytes(StandardCharsets.UTF_8));
  }

  /** Answers without a body. */
  void empty(int status) {
    respond(status, null, new byte[0]);
  }

  /** Answers with an error in vLLM's form; on a stream that began, as its last event. */
  void error(ApiException error) {
    if (started) {
      event(null, Json.text(Json.error(error)));
      endStream();
    } else {
      json(error.status(), Json.error(error));
    }
  }

  /** Closes the connection without an answer. */
  void abandon() {
    context.close();
  }

  /** Answers with the headers of an event stream, at once, as vLLM does. */
  void startStream() {
    if (ended) {
      return;
    }
    started = true;
    HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    setHeaders(response.headers(), EVENT_STREAM);
    response.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    context.write(response, context.voidPromise());
    touch();
  }

  /** Adds an event to the stream. */
  void event(@Nullable String name, CharSequence data) {
    if (ended) {
      return;
    }
    if (name != null) {
      pending.append("event: ").append(name).append('\n');
    }
    pending.append("data: ").append(data).append("\n\n");
    touch();
  }

  /** Ends the stream after what was added. */
  void endStream() {
    streamEnding = true;
    touch();
  }

  /** Sends what was added since the last time. */
  void flush() {
    dirty = false;
    if (ended) {
      return;
    }
    if (!pending.isEmpty()) {
      ByteBuf chunk = ByteBufUtil.writeUtf8(context.alloc(), pending);
      pending.setLength(0);
      context.write(new DefaultHttpContent(chunk), context.voidPromise());
    }
    if (streamEnding) {
      ended = true;
      context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
      afterEnd.run();
    } else {
      context.flush();
      loop.checkReader(context.channel());
    }
  }

  private void respond(int status, @Nullable String contentType, byte[] body) {
    if (ended) {
      return;
    }
    started = true;
    ended = true;
    DefaultFullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(body));
    setHeaders(response.headers(), contentType);
    response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
    context.writeAndFlush(response);
    afterEnd.run();
  }

  private void setHeaders(HttpHeaders headers, @Nullable String contentType) {
    headers.set(HttpHeaderNames.SERVER, "uvicorn");
    if (contentType != null) {
      headers.set(HttpHeaderNames.CONTENT_TYPE, contentType);
    }
    String requestId = header("x-request-id");
    if (requestId != null && loop.settings().requestIdHeaders()) {
      headers.set("x-request-id", requestId);
    }
  }

  private void touch() {
    if (!dirty) {
      dirty = true;
      loop.markDirty(this);
    }
  }
}
