package io.warmpath.agent;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.HttpConversionUtil;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.warmpath.agent.RelayServer.Rejection;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.v1.ReplicaGenerateRequest;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One exchange at the relay port, a stream of a router's connection, handed over to its replica's
 * event loop once the request is whole. What it does beside {@link #write}, {@link #flush}, {@link
 * #finish}, {@link #cut} and the two questions happens on the connection's own loop; those may be
 * called from any thread.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
final class RelayStream extends ChannelInboundHandlerAdapter {

  /** Longest time from a request's first byte to its last. */
  private static final long RECEIVE_LIMIT_SECONDS = 60;

  private final RelayServer server;
  private final Channel channel;
  private @Nullable HttpRequest request;
  private @Nullable ByteBuf received;
  private @Nullable ReplicaCall call;
  private @Nullable Replica replica;
  private @Nullable Future<?> receiveLimit;
  private boolean closing;

  RelayStream(RelayServer server, Channel channel) {
    this.server = server;
    this.channel = channel;
  }

  // ---- for calls

  ByteBufAllocator allocator() {
    return channel.alloc();
  }

  boolean isWritable() {
    return channel.isWritable();
  }

  void write(HttpObject part) {
    channel.write(part, channel.voidPromise());
  }

  void flush() {
    channel.flush();
  }

  /** Writes the last part of an answer. */
  void finish(HttpObject last) {
    inLoop(() -> {
      call = null;
      replica = null;
      channel.writeAndFlush(last);
    });
  }

  /** The answer cannot be completed: the router must notice. */
  void cut() {
    inLoop(() -> {
      call = null;
      replica = null;
      closing = true;
      channel.close();
    });
  }

  private void inLoop(Runnable task) {
    if (channel.eventLoop().inEventLoop()) {
      task.run();
    } else {
      channel.eventLoop().execute(task);
    }
  }

  // ---- from the router

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    try {
      if (closing) {
        return;
      }
      if (message instanceof HttpObject part && part.decoderResult().isFailure()) {
        reject(Rejection.MALFORMED, HttpResponseStatus.BAD_REQUEST, "the request is not HTTP");
        return;
      }
      if (message instanceof HttpRequest head) {
        begin(head);
      }
      if (message instanceof HttpContent content && request != null) {
        collect(content);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (request != null && receiveLimit == null) {
      receiveLimit =
          context.executor().schedule(this::tooSlow, RECEIVE_LIMIT_SECONDS, TimeUnit.SECONDS);
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (call != null && replica != null) {
      replica.loop().execute(call::resume);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    closing = true;
    forget();
    ReplicaCall running = call;
    if (running != null && replica != null) {
      replica.loop().execute(running::cancelled);
    }
    call = null;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }

  private void begin(HttpRequest head) {
    long length = HttpUtil.getContentLength(head, 0L);
    if (length > server.maxBytes()) {
      tooLarge();
      return;
    }
    request = head;
    received =
        HttpUtil.isTransferEncodingChunked(head)
            ? channel.alloc().buffer()
            : channel.alloc().buffer((int) length);
  }

  private void collect(HttpContent content) {
    ByteBuf whole = received;
    HttpRequest head = request;
    if (whole == null || head == null) {
      return;
    }
    if ((long) whole.readableBytes() + content.content().readableBytes() > server.maxBytes()) {
      tooLarge();
      return;
    }
    whole.writeBytes(content.content());
    if (content instanceof LastHttpContent) {
      request = null;
      received = null;
      stopWaiting();
      handOver(head, whole);
    }
  }

  private void handOver(HttpRequest head, ByteBuf whole) {
    ReplicaGenerateRequest envelope = envelope(head, whole);
    Replica named = envelope == null ? null : server.replicas().find(envelope.getReplicaId());
    String problem =
        named == null || envelope == null
            ? "this port is for routers: " + RelayProtocol.ENVELOPE + " names no replica of mine"
            : RequestChecks.envelopeProblem(envelope, named.stepTokens());
    if (problem != null || named == null || envelope == null) {
      whole.release();
      reject(Rejection.BAD_ENVELOPE, HttpResponseStatus.BAD_REQUEST, String.valueOf(problem));
      return;
    }
    int length = whole.readableBytes();
    head.headers()
        .remove(RelayProtocol.ENVELOPE)
        .remove(HttpHeaderNames.TRANSFER_ENCODING)
        .remove(HttpConversionUtil.ExtensionHeaderNames.SCHEME.text());
    if (length > 0 || head.headers().contains(HttpHeaderNames.CONTENT_LENGTH)) {
      head.headers().set(HttpHeaderNames.CONTENT_LENGTH, length);
    }
    RelayCall made = new RelayCall(named, envelope, head, whole, this);
    call = made;
    replica = named;
    named.loop().execute(() -> named.admit(made));
  }

  /** Takes the envelope off the body; null when there is none, or it is none. */
  private static @Nullable ReplicaGenerateRequest envelope(HttpRequest head, ByteBuf whole) {
    int length = head.headers().getInt(RelayProtocol.ENVELOPE, -1);
    if (length < 0 || length > RelayProtocol.MAX_ENVELOPE_BYTES || length > whole.readableBytes()) {
      return null;
    }
    try {
      ReplicaGenerateRequest envelope =
          ReplicaGenerateRequest.parseFrom(whole.nioBuffer(whole.readerIndex(), length));
      whole.skipBytes(length);
      return envelope;
    } catch (InvalidProtocolBufferException malformed) {
      return null;
    }
  }

  private void tooSlow() {
    if (request != null) {
      reject(
          Rejection.TOO_SLOW,
          HttpResponseStatus.REQUEST_TIMEOUT,
          "the request was not whole after " + RECEIVE_LIMIT_SECONDS + " s");
    }
  }

  private void tooLarge() {
    reject(
        Rejection.TOO_LARGE,
        HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
        "the request is longer than " + server.maxBytes() + " bytes");
  }

  private void reject(Rejection why, HttpResponseStatus status, String sentence) {
    server.rejected(why);
    closing = true;
    forget();
    channel
        .writeAndFlush(RelayCall.text(status, sentence))
        .addListener(ChannelFutureListener.CLOSE);
  }

  /** Drops a request that is not whole. */
  private void forget() {
    stopWaiting();
    request = null;
    if (received != null) {
      received.release();
      received = null;
    }
  }

  private void stopWaiting() {
    if (receiveLimit != null) {
      receiveLimit.cancel(false);
      receiveLimit = null;
    }
  }
}
