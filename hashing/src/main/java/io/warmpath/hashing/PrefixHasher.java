package io.warmpath.hashing;

import com.google.errorprone.annotations.Var;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Chained hashes of a prompt: one hash for each full step of it, each of which identifies the whole
 * prompt up to the end of its step.
 *
 * <p>Two prompts of one model have the same hash at step {@code i} if and only if, but for hash
 * collisions (about one pair in 2^64), their first {@code i} steps are equal. No hash is ever 0.
 * Thread-safe; the forms that write into the caller's array allocate nothing once their thread has
 * used them.
 */
public final class PrefixHasher {

  /*
   * h(0) = seed(model, LoRA adapter, cache salt)
   * h(i) = H(h(i-1) as 8 little-endian bytes, step i)
   *
   * where step i is its tokens as 4 little-endian bytes each, or its bytes. Parent and step are
   * packed into one buffer and hashed by one call, because the streaming form of the hash costs
   * several times as much. A last step that is not full has no hash: an engine caches full blocks
   * only, and a prompt that grows would not find it again.
   */
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Bytes that the parent's hash takes in front of a step. */
  static final int PARENT_BYTES = Long.BYTES;

  /** Longest step in tokens or bytes; bounds the buffer that each thread keeps. */
  public static final int MAX_STEP = 1 << 16;

  /** Changes with the construction, so that routers of two versions never share a wrong hash. */
  private static final long FORMAT = 1;

  private static final ThreadLocal<byte[]> BUFFER =
      ThreadLocal.withInitial(() -> new byte[PARENT_BYTES + 512]);

  private PrefixHasher() {}

  /**
   * Returns the start of a chain: prompts with different seeds share nothing.
   *
   * @param model the served model's name
   * @param loraAdapter the adapter's name, empty for the base model
   * @param cacheSalt isolates tenants, empty for none
   */
  public static long seed(String model, String loraAdapter, String cacheSalt) {
    return mix(mix(mix(FORMAT, Hash.text(model)), Hash.text(loraAdapter)), Hash.text(cacheSalt));
  }

  /** Returns the hash of the ordered pair ({@code a}, {@code b}), never 0. */
  public static long mix(long a, long b) {
    return Hash.pair(a, b);
  }

  /** Returns the hash of {@code text}, such as a prompt cache key, never 0. */
  public static long hashText(CharSequence text) {
    return Hash.text(text);
  }

  /** Returns the hash of {@code length} bytes from {@code offset}, never 0. */
  public static long hashBytes(byte[] bytes, int offset, int length) {
    return Hash.bytes(bytes, offset, length);
  }

  /**
   * Returns the hashes of the full steps of the first {@code length} tokens, shallow to deep; empty
   * when there is no full step.
   *
   * @param stepTokens tokens a step, 1..{@link #MAX_STEP}
   */
  public static long[] chainTokens(long seed, int[] tokens, int length, int stepTokens) {
    long[] hashes = new long[length / checkStep(stepTokens)];
    chainTokens(seed, tokens, length, stepTokens, hashes);
    return hashes;
  }

  /**
   * Writes the hashes of the full steps of the first {@code length} tokens, shallow to deep, until
   * {@code hashes} is full, and returns their number.
   *
   * @param stepTokens tokens a step, 1..{@link #MAX_STEP}
   */
  public static int chainTokens(
      long seed, int[] tokens, int length, int stepTokens, long[] hashes) {
    Objects.checkFromIndexSize(0, length, tokens.length);
    int steps = Math.min(length / checkStep(stepTokens), hashes.length);
    int hashedBytes = PARENT_BYTES + stepTokens * Integer.BYTES;
    byte[] buffer = buffer(hashedBytes);
    @Var long hash = seed;
    for (int step = 0; step < steps; step++) {
      putParent(buffer, hash);
      int start = step * stepTokens;
      for (int i = 0; i < stepTokens; i++) {
        INT.set(buffer, PARENT_BYTES + i * Integer.BYTES, tokens[start + i]);
      }
      hash = Hash.bytes(buffer, 0, hashedBytes);
      hashes[step] = hash;
    }
    return steps;
  }

  /**
   * Returns the hashes of the full steps of {@code length} bytes from {@code offset}, shallow to
   * deep; empty when there is no full step.
   *
   * @param stepBytes bytes a step, 1..{@link #MAX_STEP}
   */
  public static long[] chainBytes(long seed, byte[] bytes, int offset, int length, int stepBytes) {
    long[] hashes = new long[length / checkStep(stepBytes)];
    chainBytes(seed, bytes, offset, length, stepBytes, hashes);
    return hashes;
  }

  /**
   * Writes the hashes of the full steps of {@code length} bytes from {@code offset}, shallow to
   * deep, until {@code hashes} is full, and returns their number.
   *
   * @param stepBytes bytes a step, 1..{@link #MAX_STEP}
   */
  public static int chainBytes(
      long seed, byte[] bytes, int offset, int length, int stepBytes, long[] hashes) {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    int steps = Math.min(length / checkStep(stepBytes), hashes.length);
    byte[] buffer = buffer(PARENT_BYTES + stepBytes);
    @Var long hash = seed;
    for (int step = 0; step < steps; step++) {
      putParent(buffer, hash);
      System.arraycopy(bytes, offset + step * stepBytes, buffer, PARENT_BYTES, stepBytes);
      hash = Hash.bytes(buffer, 0, PARENT_BYTES + stepBytes);
      hashes[step] = hash;
    }
    return steps;
  }

  static int checkStep(int step) {
    if (step < 1 || step > MAX_STEP) {
      throw new IllegalArgumentException("step: " + step + ", allowed: 1.." + MAX_STEP);
    }
    return step;
  }

  static void putParent(byte[] buffer, long hash) {
    LONG.set(buffer, 0, hash);
  }

  private static byte[] buffer(int minimumBytes) {
    byte[] buffer = BUFFER.get();
    if (buffer.length >= minimumBytes) {
      return buffer;
    }
    byte[] larger = new byte[minimumBytes];
    BUFFER.set(larger);
    return larger;
  }
}
