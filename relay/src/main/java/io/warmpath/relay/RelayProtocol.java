package io.warmpath.relay;

/**
 * What a router and an agent's HTTP relay say to each other beside the exchange itself: the same
 * messages as in gRPC, as a prefix of the request's body and in headers. See {@code docs/adr} for
 * why.
 */
public final class RelayProtocol {

  /** Label of a replica's report that names the {@code host:port} of its agent's HTTP relay. */
  public static final String ADDRESS_LABEL = "relay";

  /**
   * In a request: so many bytes in front of the body are a {@code ReplicaGenerateRequest} without
   * its prompt. The agent takes them off.
   */
  public static final String ENVELOPE = "x-warmpath-envelope";

  /** Longest envelope, bytes: the step hashes of a prompt of 16 million tokens. */
  public static final int MAX_ENVELOPE_BYTES = 1 << 20;

  /**
   * In a response: a {@code ReplicaGenerateResponse} in Base64. {@code placement}: the agent took
   * the request and the rest is the engine's response. {@code refused}: it did not. It comes in the
   * head, and where that takes longer also in an informational response (102) before it. A response
   * without it is a failure of the agent or its engine, and its body is for people who look.
   */
  public static final String ANSWER = "x-warmpath-answer";

  /** In the trailers of a response, or its head: a {@code Completed} in Base64. */
  public static final String COMPLETED = "x-warmpath-completed";

  /**
   * In a response: the length of the engine's body, where the engine told it. The relay's own body
   * is chunked, so that trailers can follow.
   */
  public static final String LENGTH = "x-warmpath-length";

  /**
   * In a response's head, without an answer: the rest is what the engine itself says of why it
   * cannot serve; a client gets it when no other replica can either. Beside an answer, or in the
   * trailers: one of the stream's events told an error, so that the request failed.
   */
  public static final String FAILED = "x-warmpath-failed";

  private RelayProtocol() {}
}
