package io.warmpath.router;

import io.netty.util.AsciiString;
import io.warmpath.relay.RelayProtocol;

/** The headers of relayed exchanges, as Netty likes them. */
final class RelayHeaders {

  // Between routers and agents.

  static final AsciiString ENVELOPE = AsciiString.cached(RelayProtocol.ENVELOPE);
  static final AsciiString ANSWER = AsciiString.cached(RelayProtocol.ANSWER);
  static final AsciiString COMPLETED = AsciiString.cached(RelayProtocol.COMPLETED);
  static final AsciiString FAILED = AsciiString.cached(RelayProtocol.FAILED);
  static final AsciiString LENGTH = AsciiString.cached(RelayProtocol.LENGTH);

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
