package io.warmpath.hashing;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;
import java.util.Objects;

/**
 * The chained hashes of a text that arrives in pieces: the same hashes as {@link
 * PrefixHasher#chainBytes} gives for the whole, however it was cut.
 *
 * <p>Not thread-safe. Memory: one step, and 8 bytes for each step hashed.
 */
public final class ByteChain {

  private static final int FIRST_STEPS = 16;

  private final int stepBytes;
  private final int maxSteps;

  /** The parent's hash, then the bytes of the step that is not full yet. */
  private final byte[] buffer;

  private long[] hashes;
  private int stepCount;
  private int pendingBytes;
  private long byteCount;

  /**
   * Starts a chain.
   *
   * @param seed from {@link PrefixHasher#seed}
   * @param stepBytes bytes a step, 1..{@link PrefixHasher#MAX_STEP}
   * @param maxSteps how many steps are hashed; later bytes are only counted
   */
  public ByteChain(long seed, int stepBytes, int maxSteps) {
    if (maxSteps < 0) {
      throw new IllegalArgumentException("maxSteps: " + maxSteps);
    }
    this.stepBytes = PrefixHasher.checkStep(stepBytes);
    this.maxSteps = maxSteps;
    this.buffer = new byte[PrefixHasher.PARENT_BYTES + stepBytes];
    this.hashes = new long[Math.min(maxSteps, FIRST_STEPS)];
    reset(seed);
  }

  /** Forgets everything and starts anew from {@code seed}, keeping the memory. */
  public void reset(long seed) {
    PrefixHasher.putParent(buffer, seed);
    stepCount = 0;
    pendingBytes = 0;
    byteCount = 0;
  }

  /** Takes the next byte of the text. */
  public void update(byte next) {
    byteCount++;
    if (stepCount < maxSteps) {
      buffer[PrefixHasher.PARENT_BYTES + pendingBytes] = next;
      advance(1);
    }
  }

  /** Takes the next {@code length} bytes of the text. */
  public void update(byte[] bytes, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    byteCount += length;
    int end = offset + length;
    @Var int from = offset;
    while (from < end && stepCount < maxSteps) {
      int taken = Math.min(end - from, stepBytes - pendingBytes);
      System.arraycopy(bytes, from, buffer, PrefixHasher.PARENT_BYTES + pendingBytes, taken);
      advance(taken);
      from += taken;
    }
  }

  /** Number of full steps hashed so far. */
  public int stepCount() {
    return stepCount;
  }

  /** Hash of the text's first {@code (index + 1) * stepBytes} bytes. */
  public long stepHash(int index) {
    return hashes[Objects.checkIndex(index, stepCount)];
  }

  /** Returns a copy of the hashes so far, shallow to deep. */
  public long[] stepHashes() {
    return Arrays.copyOf(hashes, stepCount);
  }

  /** Number of bytes taken so far, hashed or not. */
  public long byteCount() {
    return byteCount;
  }

  private void advance(int taken) {
    pendingBytes += taken;
    if (pendingBytes < stepBytes) {
      return;
    }
    if (stepCount == hashes.length) {
      hashes = Arrays.copyOf(hashes, (int) Math.min(maxSteps, 2L * stepCount));
    }
    long hash = Hash.bytes(buffer, 0, buffer.length);
    hashes[stepCount] = hash;
    stepCount++;
    pendingBytes = 0;
    PrefixHasher.putParent(buffer, hash);
  }
}
