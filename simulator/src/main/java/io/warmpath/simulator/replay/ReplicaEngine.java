package io.warmpath.simulator.replay;

import java.util.List;

/** One replica's engine in virtual time. */
interface ReplicaEngine {

  /** Hands a request over; its prefill starts when the engine's own order lets it. */
  void start(InFlight request, long nowNanos);

  /** When something will happen next, {@link Long#MAX_VALUE} for never. */
  long nextEventNanos();

  /** Lets everything happen that is due, telling {@code listener}. */
  void advance(long nowNanos, Listener listener);

  /** Tokens of a prompt of these full blocks that are cached now. */
  int cachedTokens(int[] blocks, int promptTokens);

  /** When the block freed last had been touched last, {@link Long#MIN_VALUE} if none was. */
  long evictedTouchNanos();

  /** Tokens of cache held by running requests. */
  long usedTokens();

  /** Whether a request of these lengths can ever run. */
  boolean fits(int promptTokens, int outputTokens);

  /** Requests running or waiting in the engine. */
  int requests();

  /** Ends everything at once and returns what was there. */
  List<InFlight> abort();

  /** What an engine tells. */
  interface Listener {

    /** The prompt is computed; {@code cachedTokens} of it were not, thanks to the cache. */
    void firstToken(InFlight request, int cachedTokens, double workSeconds, long nowNanos);

    /** The last token came. */
    void completed(InFlight request, long nowNanos);
  }
}
