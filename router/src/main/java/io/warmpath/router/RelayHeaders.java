package io.warmpath.router;

import io.netty.util.AsciiString;

/**
 * What a router and an agent's HTTP relay say to each other beside the exchange itself. The same
 * messages as in gRPC; see {@code docs/adr} for why.
 */
final class RelayHeaders {

  /**
   * In a request: so many bytes in front of the body are a {@code ReplicaGenerateRequest} without
   * its {@code request}. The agent takes them off.
   */
  static final AsciiString ENVELOPE = AsciiString.cached("x-warmpath-envelope");

  /**
   * In a response: a {@code ReplicaGenerateResponse} in Base64. {@code placement}: the agent took
   * the request and the rest is the engine's response. {@code refused}: it did not. Absent: the
   * agent itself failed, or its engine.
   */
  static final AsciiString ANSWER = AsciiString.cached("x-warmpath-answer");

  /**
   * In the trailers of a response, or in its head where the agent knows it by then: a {@code
   * Completed} in Base64.
   */
  static final AsciiString COMPLETED = AsciiString.cached("x-warmpath-completed");

  /** Label of a replica's report that names the {@code host:port} of its agent's HTTP relay. */
  static final String ADDRESS_LABEL = "relay";

  // What clients are told.

  static final AsciiString REPLICA = AsciiString.cached("x-warmpath-replica");
  static final AsciiString REASON = AsciiString.cached("x-warmpath-reason");
  static final AsciiString ATTEMPTS = AsciiString.cached("x-warmpath-attempts");
  static final AsciiString EXPECTED_CACHED =
      AsciiString.cached("x-warmpath-expected-cached-tokens");
  static final AsciiString CACHED = AsciiString.cached("x-warmpath-cached-tokens");
  static final AsciiString REQUEST_ID = AsciiString.cached("x-request-id");

  private RelayHeaders() {}
}
