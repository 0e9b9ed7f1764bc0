package io.warmpath.tokenizer;

import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads that encode, so that event loops need not, in front of which only so many texts wait.
 * Thread-safe.
 */
public final class EncodingThreads implements AutoCloseable {

  private final int queueSize;
  private final AtomicInteger waiting = new AtomicInteger();

  /** All threads are always there and its queue has no lock, so a task is handed over without. */
  private final ThreadPoolExecutor executor;

  /**
   * Starts the threads.
   *
   * @param threads how many, at least 1
   * @param queueSize most tasks that wait for one of them
   */
  public EncodingThreads(int threads, int queueSize) {
    this.queueSize = queueSize;
    this.executor =
        new ThreadPoolExecutor(
            threads,
            threads,
            0,
            TimeUnit.NANOSECONDS,
            new LinkedTransferQueue<>(),
            Thread.ofPlatform().daemon().name("warmpath-tokenizer-", 0).factory(),
            new ThreadPoolExecutor.DiscardPolicy()); // Closed: so are the doors.
    executor.prestartAllCoreThreads();
  }

  /** Has one of the threads run {@code task}; returns false when too many wait already. */
  public boolean submit(Runnable task) {
    if (waiting.incrementAndGet() > queueSize) {
      waiting.decrementAndGet();
      return false;
    }
    executor.execute(() -> {
      waiting.decrementAndGet();
      task.run();
    });
    return true;
  }

  /** Tasks that no thread has begun. */
  public int waiting() {
    return waiting.get();
  }

  /** Ends the threads; what waits is dropped. */
  @Override
  public void close() {
    executor.shutdownNow();
  }
}
