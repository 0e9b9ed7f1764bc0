package io.warmpath.agent.http;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer. Confined to the client's event loop.
 *
 * <p>It ends exactly once: by the answer's end, by a failure, or by {@link #cancel}; after that the
 * listener hears nothing more.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
public final class EngineExchange {

  private final EngineHttpClient client;
  private final EngineRequest request;
  private final ResponseListener listener;
  private final long startNanos;
  private long lastReadNanos;
  private @Nullable Channel channel;
  private @Nullable ScheduledFuture<?> timer;
  private boolean reading = true;
  private boolean ended;
  private boolean answered;
  private boolean retried;

  EngineExchange(EngineHttpClient client, EngineRequest request, ResponseListener listener) {
    this.client = client;
    this.request = request;
    this.listener = listener;
    this.startNanos = client.nanos();
    this.lastReadNanos = startNanos;
  }

  /**
   * Gives up on the answer. An engine sees its client leave, which is how it knows to stop: the
   * connection is closed, not reused.
   */
  public void cancel() {
    if (end()) {
      closeChannel();
    }
  }

  /** Stops or continues reading the answer; while stopped, the engine feels back-pressure. */
  public void setReading(boolean reading) {
    if (this.reading == reading) {
      return;
    }
    this.reading = reading;
    lastReadNanos = client.nanos();
    Channel current = channel;
    if (current != null && !ended) {
      current.config().setAutoRead(reading);
    }
  }

  EngineRequest request() {
    return request;
  }

  boolean isEnded() {
    return ended;
  }

  void begin() {
    scheduleTimer(Math.min(request.idleTimeout().toNanos(), request.totalTimeout().toNanos()));
  }

  /** The request goes out on {@code connected}. */
  void attach(Channel connected) {
    channel = connected;
    connected.config().setAutoRead(reading);
  }

  /** Whether the request may be sent a second time, on a new connection; it may once. */
  boolean mayRetry() {
    if (ended || answered || retried) {
      return false;
    }
    retried = true;
    return true;
  }

  void head(int status, HttpHeaders headers) {
    answered = true;
    lastReadNanos = client.nanos();
    listener.onHead(status, headers);
  }

  void body(io.netty.buffer.ByteBuf piece) {
    lastReadNanos = client.nanos();
    listener.onBody(piece);
  }

  /** No more has arrived for now. */
  void readComplete() {
    if (!ended) {
      listener.onReadComplete();
    }
  }

  /** The answer is complete; returns whether the listener was told. */
  boolean complete() {
    if (!end()) {
      return false;
    }
    listener.onEnd();
    return true;
  }

  void fail(EngineFailure.Kind kind, String message) {
    if (end()) {
      closeChannel();
      listener.onFailure(new EngineFailure(kind, message));
    }
  }

  private boolean end() {
    if (ended) {
      return false;
    }
    ended = true;
    ScheduledFuture<?> pending = timer;
    if (pending != null) {
      pending.cancel(false);
    }
    request.body().release();
    client.ended();
    return true;
  }

  private void closeChannel() {
    Channel current = channel;
    if (current != null) {
      current.close();
    }
  }

  private void scheduleTimer(long delayNanos) {
    timer = client.loop().schedule(this::checkTime, Math.max(1, delayNanos), TimeUnit.NANOSECONDS);
  }

  private void checkTime() {
    if (ended) {
      return;
    }
    long now = client.nanos();
    long totalLeft = request.totalTimeout().toNanos() - (now - startNanos);
    long idleLeft = request.idleTimeout().toNanos() - (reading ? now - lastReadNanos : 0);
    if (totalLeft <= 0) {
      fail(EngineFailure.Kind.TIMEOUT, "no complete answer within " + request.totalTimeout());
    } else if (idleLeft <= 0) {
      fail(EngineFailure.Kind.TIMEOUT, "silent for " + request.idleTimeout());
    } else {
      scheduleTimer(Math.min(totalLeft, idleLeft));
    }
  }
}
