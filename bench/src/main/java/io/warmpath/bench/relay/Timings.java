package io.warmpath.bench.relay;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** What a client measured, in nanoseconds. One thread writes the times; failures come from any. */
final class Timings {

  private static final int DIGITS = 3;

  private final Histogram first = new Histogram(DIGITS);
  private final Histogram last = new Histogram(DIGITS);
  private final Histogram chunk = new Histogram(DIGITS);
  private final AtomicInteger failures = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> firstFailure = new AtomicReference<>();

  void first(long nanos) {
    first.recordValue(Math.max(0, nanos));
  }

  void last(long nanos) {
    last.recordValue(Math.max(0, nanos));
  }

  void chunk(long nanos) {
    chunk.recordValue(Math.max(0, nanos));
  }

  void failed(Throwable failure) {
    failures.incrementAndGet();
    firstFailure.compareAndSet(null, failure);
  }

  /** From the moment a request was due to its first chunk. */
  Histogram first() {
    return first;
  }

  /** From the moment a request was due to its end. */
  Histogram last() {
    return last;
  }

  /** From the sending of a chunk to its arrival. */
  Histogram chunk() {
    return chunk;
  }

  int failures() {
    return failures.get();
  }

  @Nullable Throwable firstFailure() {
    return firstFailure.get();
  }
}
