package io.warmpath.router;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * An engine's own words for why it cannot serve: the client's answer when no other replica can
 * either. Read to its end before it is used.
 */
final class EngineFault {

  /** Longest body that is kept; engines say it in a line. */
  private static final int MAX_BODY_BYTES = 64 << 10;

  private final HttpResponseStatus status;
  private final String contentType;
  private final @Nullable String retryAfter;
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();

  EngineFault(HttpResponse head) {
    this.status = head.status();
    this.contentType = head.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
    this.retryAfter = head.headers().get(HttpHeaderNames.RETRY_AFTER);
  }

  /** Takes a part of the body; what is beyond the limit is left out. */
  void add(ByteBuf piece) {
    int taken = Math.min(piece.readableBytes(), MAX_BODY_BYTES - body.size());
    byte[] bytes = new byte[taken];
    piece.getBytes(piece.readerIndex(), bytes);
    body.writeBytes(bytes);
  }

  HttpResponseStatus status() {
    return status;
  }

  /** The body's type, empty when the engine did not say. */
  String contentType() {
    return contentType;
  }

  /** The engine's hint, or null when it gave none. */
  @Nullable String retryAfter() {
    return retryAfter;
  }

  byte[] body() {
    return body.toByteArray();
  }
}
