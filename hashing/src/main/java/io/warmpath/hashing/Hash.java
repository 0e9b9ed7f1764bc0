package io.warmpath.hashing;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;

/**
 * The one hash function behind every key of this module.
 *
 * <p>Its values travel between routers and agents, so a change of the function or of its seed is a
 * breaking change: processes that disagree about it share nothing. Golden checksums in the tests
 * pin it. It is fast and well spread but not keyed: a client that wants two prompts to collide can
 * make them collide, which costs that client its own cache hits and nobody else more than load.
 */
final class Hash {

  private static final Hasher64 HASHER = Hashing.komihash5_0();

  private Hash() {}

  /** Returns the hash of {@code length} bytes, never 0. */
  static long bytes(byte[] bytes, int offset, int length) {
    return neverZero(HASHER.hashBytesToLong(bytes, offset, length));
  }

  /** Returns the hash of UTF-16 {@code text}, never 0. */
  static long text(CharSequence text) {
    return neverZero(HASHER.hashCharsToLong(text));
  }

  /** Returns the hash of an ordered pair, never 0. */
  static long pair(long first, long second) {
    return neverZero(HASHER.hashLongLongToLong(first, second));
  }

  /** 0 means "no key" everywhere, so the one value in 2^64 that would be 0 becomes 1. */
  private static long neverZero(long hash) {
    return (hash == 0) ? 1 : hash;
  }
}
