package io.warmpath.agent.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;

/**
 * Receives an engine's answer on the client's event loop: one head, any number of pieces of body,
 * then an end or a failure, unless the exchange was cancelled. A failure can come at any time.
 */
public interface ResponseListener {

  /** The status line and the headers. */
  void onHead(int status, HttpHeaders headers);

  /** A piece of the body, valid during the call. */
  void onBody(ByteBuf piece);

  /** No more has arrived for now; a good moment to pass on what has. */
  default void onReadComplete() {}

  /** The answer is complete. */
  void onEnd();

  /** The answer will not be complete. */
  void onFailure(EngineFailure failure);
}
