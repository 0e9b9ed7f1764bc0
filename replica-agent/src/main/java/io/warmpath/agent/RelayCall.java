package io.warmpath.agent;

import com.google.errorprone.annotations.Var;
import com.google.protobuf.MessageLite;
import io.grpc.StatusRuntimeException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.warmpath.agent.ReplicaMetrics.Outcome;
import io.warmpath.agent.engine.AnswerMeter;
import io.warmpath.agent.http.EngineRequest;
import io.warmpath.relay.PieceJoiner;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.routing.ReplicaReport.ServedModel;
import io.warmpath.v1.Completed;
import io.warmpath.v1.Placement;
import io.warmpath.v1.Refused;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A call over the relay port: the bytes of both bodies go through as they are. */
final class RelayCall extends ReplicaCall {

  private static final List<CharSequence> HOP_BY_HOP =
      List.of(
          HttpHeaderNames.CONNECTION,
          "keep-alive",
          "proxy-connection",
          HttpHeaderNames.PROXY_AUTHENTICATE,
          HttpHeaderNames.TE,
          HttpHeaderNames.TRAILER,
          HttpHeaderNames.TRANSFER_ENCODING,
          HttpHeaderNames.UPGRADE,
          HttpHeaderNames.CONTENT_LENGTH);

  /**
   * Bytes of an answer up to which its head waits for the rest, so that the usage can go with it:
   * engines write the head and the body of a page one after the other.
   */
  private static final int MAX_HELD_BYTES = PieceJoiner.MAX_BYTES;

  private static final int NOT_MODIFIED = 304;

  private final RelayStream out;
  private final HttpRequest head;
  private final AnswerMeter meter;
  private final PieceJoiner pieces = new PieceJoiner();
  private @Nullable ByteBuf body;
  private String placement = "";
  private @Nullable HttpResponse held;
  private boolean headSent;
  private boolean stream;
  private boolean comesWhole;
  private int status;

  /**
   * A call that nobody has admitted yet.
   *
   * @param envelope what the router says beside the request, which {@link RequestChecks} found good
   * @param head the client's request, without what was for this agent
   * @param body the client's body, which the call releases
   */
  RelayCall(
      Replica replica,
      ReplicaGenerateRequest envelope,
      HttpRequest head,
      ByteBuf body,
      RelayStream out) {
    super(replica, envelope);
    this.out = out;
    this.head = head;
    this.body = body;
    this.meter = new AnswerMeter(head.uri());
  }

  /** The engine judges the body, in its own words. */
  @Override
  @Nullable StatusRuntimeException modelProblem(List<ServedModel> models) {
    return null;
  }

  @Override
  boolean isUnary() {
    return request().getUnary();
  }

  @Override
  boolean isReady() {
    return out.isWritable();
  }

  @Override
  EngineRequest engineRequest(int enginePriority, Duration idleTimeout) {
    ByteBuf whole = body == null ? Unpooled.EMPTY_BUFFER : body;
    body = null;
    return new EngineRequest(
        head.method(), head.uri(), head.headers(), whole, idleTimeout, NO_LIMIT);
  }

  @Override
  void discard() {
    if (body != null) {
      body.release();
      body = null;
    }
    pieces.release();
  }

  // ---- to the router

  /** It goes with the head, and also before it when that will take long. */
  @Override
  void sendPlacement(Placement where) {
    placement = encoded(ReplicaGenerateResponse.newBuilder().setPlacement(where).build());
  }

  @Override
  void settled() {
    boolean waits = !isDispatched() || isUnary();
    if (waits && !isEnded() && !head.method().equals(HttpMethod.HEAD)) {
      HttpResponse interim =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.PROCESSING, Unpooled.EMPTY_BUFFER);
      interim.headers().set(RelayProtocol.ANSWER, placement);
      out.write(interim);
      out.flush();
    }
  }

  @Override
  void sendRefusal(Refused refused) {
    HttpResponse response = text(HttpResponseStatus.SERVICE_UNAVAILABLE, "refused");
    response
        .headers()
        .set(
            RelayProtocol.ANSWER,
            encoded(ReplicaGenerateResponse.newBuilder().setRefused(refused).build()));
    out.finish(response);
  }

  @Override
  void sendFailure(StatusRuntimeException failure) {
    if (headSent) {
      out.cut();
    } else {
      out.finish(
          text(
              HttpResponseStatus.BAD_GATEWAY,
              String.valueOf(failure.getStatus().getDescription())));
    }
  }

  // ---- from the engine

  @Override
  public void onHead(int code, HttpHeaders engineHeaders) {
    if (isEnded()) {
      return;
    }
    status = code;
    stream = engineHeaders.get(HttpHeaderNames.CONTENT_TYPE, "").startsWith("text/event-stream");
    HttpResponse response =
        new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(code));
    HttpHeaders headers = response.headers().set(engineHeaders);
    comesWhole = !stream && HttpUtil.getContentLength(response, Long.MAX_VALUE) <= MAX_HELD_BYTES;
    String length = engineHeaders.get(HttpHeaderNames.CONTENT_LENGTH);
    HOP_BY_HOP.forEach(headers::remove);
    if (length != null) {
      headers.set(RelayProtocol.LENGTH, length);
    }
    if (isUnable()) {
      headers.set(RelayProtocol.FAILED, code);
    } else {
      headers.set(RelayProtocol.ANSWER, placement);
    }
    held = response;
  }

  @Override
  public void onBody(ByteBuf piece) {
    if (isEnded()) {
      return;
    }
    if (!pieces.fits(piece)) {
      writePieces();
    }
    pieces.add(piece, out.allocator());
  }

  @Override
  public void onReadComplete() {
    if (isEnded()) {
      return;
    }
    if (!comesWhole) {
      writePieces();
    }
    out.flush();
    holdBackIfFull();
  }

  /** Writes what has come of the body as one piece, and in front of the first one the head. */
  private void writePieces() {
    HttpResponse response = held;
    if (response != null) {
      held = null;
      headSent = true;
      response.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
      out.write(response);
    }
    ByteBuf joined = takePieces();
    if (joined.isReadable()) {
      out.write(new DefaultHttpContent(joined));
    }
  }

  /** Returns what has come of the body and not gone, which the meter has looked at then. */
  private ByteBuf takePieces() {
    ByteBuf joined = pieces.take();
    if (joined == null) {
      return Unpooled.EMPTY_BUFFER;
    }
    if (isGood()) {
      meter.look(joined);
      if (stream && meter.hasOutput()) {
        firstOutput();
      }
    }
    return joined;
  }

  @Override
  public void onEnd() {
    if (isEnded()) {
      return;
    }
    ByteBuf rest = takePieces();
    @Var String completed = null;
    boolean served = isGood() && !meter.toldError();
    if (served) {
      presumeComputed();
      Completed counted = count(meter.usage(), Math.max(0, meter.events() - 1));
      completed = encoded(counted);
    }
    HttpResponse response = held;
    if (response == null) {
      sendTrailers(rest, completed);
    } else {
      sendWhole(response, rest, completed);
    }
    if (served) {
      succeed(meter.usage());
      return;
    }
    if (isUnable()) {
      replica().engineFailed();
    }
    boolean refused = status >= 400 && status < 500;
    end(refused ? Outcome.ENGINE_REFUSED : Outcome.ENGINE_FAILED);
  }

  /** The answer is short, and all of it is here: its usage is known by now. */
  private void sendWhole(HttpResponse response, ByteBuf whole, @Nullable String completed) {
    HttpResponse full =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            response.status(),
            whole,
            response.headers(),
            LastHttpContent.EMPTY_LAST_CONTENT.trailingHeaders());
    boolean hasBody = !head.method().equals(HttpMethod.HEAD) && status != NOT_MODIFIED;
    if (hasBody && full.headers().contains(RelayProtocol.LENGTH)) {
      full.headers().remove(RelayProtocol.LENGTH);
      full.headers().set(HttpHeaderNames.CONTENT_LENGTH, whole.readableBytes());
    } else {
      full.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }
    tell(full.headers(), completed);
    out.finish(full);
  }

  private void sendTrailers(ByteBuf rest, @Nullable String completed) {
    LastHttpContent last = new DefaultLastHttpContent(rest);
    tell(last.trailingHeaders(), completed);
    out.finish(last);
  }

  /** Says with the head or in the trailers how a good answer ended. */
  private void tell(HttpHeaders headers, @Nullable String completed) {
    if (completed != null) {
      headers.set(RelayProtocol.COMPLETED, completed);
    } else if (isGood()) {
      headers.set(RelayProtocol.FAILED, status);
    }
  }

  /** The engine is gone or going: another replica can serve this. */
  private boolean isUnable() {
    return status == 502 || status == 503 || status == 504;
  }

  private boolean isGood() {
    return status < 400;
  }

  /** An answer in the agent's own words. */
  static HttpResponse text(HttpResponseStatus status, String sentence) {
    ByteBuf bytes = Unpooled.copiedBuffer(sentence + "\n", java.nio.charset.StandardCharsets.UTF_8);
    HttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, bytes);
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
        .set(HttpHeaderNames.CONTENT_LENGTH, bytes.readableBytes());
    return response;
  }

  private static String encoded(MessageLite message) {
    return Base64.getEncoder().encodeToString(message.toByteArray());
  }
}
