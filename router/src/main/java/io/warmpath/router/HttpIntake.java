package io.warmpath.router;

import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.concurrent.EventExecutor;
import io.warmpath.tokenizer.TokenHead;
import org.jspecify.annotations.Nullable;

/**
 * What happens to an HTTP request before it is placed: its body is read, the response that it goes
 * on from is searched for if nobody here knows where that is, and its first tokens are made if its
 * model has a tokenizer. Lives on one event loop.
 */
final class HttpIntake implements Tokenizers.Request {

  private final RequestPath path;
  private final RelayLoop loop;
  private final HttpRequest head;
  private final String requestId;
  private final BodyReader reader;
  private final Listener listener;
  private @Nullable HomeSearch search;

  /** What was read, while the prompt's first tokens are being made. */
  private BodyReader.@Nullable Read encoding;

  /** Written by the event loop; a tokenizer's thread reads it too. */
  private volatile boolean cancelled;

  /** Told once, within {@link #start} or later, unless the intake was cancelled. */
  interface Listener {

    /** All is known that a placement is decided on. */
    void read(BodyReader.Asked asked);

    /** The request is not to be placed. */
    void refused(RequestFailure failure);
  }

  HttpIntake(
      RequestPath path, RelayLoop loop, HttpRequest head, String requestId, Listener listener) {
    this.path = path;
    this.loop = loop;
    this.head = head;
    this.requestId = requestId;
    this.reader = new BodyReader(path, head);
    this.listener = listener;
  }

  /**
   * Reads {@code body}.
   *
   * @param executor the event loop, for what must not last too long
   */
  void start(byte[] body, EventExecutor executor) {
    try {
      BodyReader.Read read = reader.read(body);
      HomeSearch.Wanted wanted = reader.wanted(read);
      if (wanted == null || !isSearching(wanted, read, executor)) {
        encode(read);
      }
    } catch (RequestRefusedException refused) {
      listener.refused(refused.failure());
    }
  }

  /** Nobody wants to know any more. */
  void cancel() {
    cancelled = true;
    if (search != null) {
      search.cancel();
      search = null;
    }
    if (encoding != null) {
      encoding.model().route().metrics().failed(RequestFailure.Kind.CANCELLED);
      encoding = null;
    }
  }

  private boolean isSearching(
      HomeSearch.Wanted wanted, BodyReader.Read read, EventExecutor executor) {
    HomeSearch begun =
        new HomeSearch(path, loop, head, requestId, wanted, home -> searched(read, home));
    search = begun;
    return begun.start(executor);
  }

  private void searched(BodyReader.Read read, ResponseHomes.@Nullable Home home) {
    search = null;
    try {
      encode(home == null ? read : reader.located(read, home));
    } catch (RequestRefusedException refused) {
      listener.refused(refused.failure());
    }
  }

  private void encode(BodyReader.Read read) {
    encoding = read;
    path.tokenizers().encode(read.text(), loop, this);
  }

  @Override
  public boolean isWaiting() {
    return !cancelled;
  }

  @Override
  public void encoded(@Nullable TokenHead tokens) {
    BodyReader.Read read = encoding;
    if (cancelled || read == null) {
      return;
    }
    encoding = null;
    try {
      listener.read(reader.asked(read, tokens));
    } catch (RequestRefusedException refused) {
      listener.refused(refused.failure());
    }
  }
}
