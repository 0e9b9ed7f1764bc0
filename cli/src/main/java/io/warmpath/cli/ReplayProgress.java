package io.warmpath.cli;

import io.warmpath.simulator.replay.Replay;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A progress bar on a terminal's error stream; silent anywhere else. Thread-safe. Drawn at most
 * five times a second, and only once the work has taken a second.
 */
final class ReplayProgress implements Replay.Progress {

  private static final long DRAW_NANOS = 200_000_000;
  private static final long FIRST_DRAW_NANOS = 1_000_000_000;
  private static final int WIDTH = 40;
  private static final double NANOS_PER_SECOND = 1e9;

  private final PrintStream out;
  private final boolean terminal;
  private final long total;
  private final long startNanos;
  private final AtomicLong done = new AtomicLong();
  private final AtomicLong nextDrawNanos;

  /** A bar for {@code total} requests. */
  ReplayProgress(PrintStream out, boolean terminal, long total) {
    this.out = out;
    this.terminal = terminal;
    this.total = Math.max(1, total);
    this.startNanos = System.nanoTime();
    this.nextDrawNanos = new AtomicLong(startNanos + FIRST_DRAW_NANOS);
  }

  /** A bar on this process's error stream, if that is a terminal. */
  static ReplayProgress onTerminal(long total) {
    boolean terminal =
        Optional.ofNullable(System.console()).filter(java.io.Console::isTerminal).isPresent();
    return new ReplayProgress(System.err, terminal, total);
  }

  @Override
  public void requestEnded() {
    long count = done.incrementAndGet();
    if (!terminal || count % 256 != 0) {
      return;
    }
    long now = System.nanoTime();
    long next = nextDrawNanos.get();
    if (now - next >= 0 && nextDrawNanos.compareAndSet(next, now + DRAW_NANOS)) {
      draw(count, now);
    }
  }

  /** Wipes the bar. */
  void finish() {
    if (terminal) {
      out.print("\r\u001b[K");
      out.flush();
    }
  }

  private void draw(long count, long nowNanos) {
    int filled = (int) Math.min(WIDTH, WIDTH * count / total);
    double elapsed = (nowNanos - startNanos) / NANOS_PER_SECOND;
    double left = elapsed * Math.max(0, total - count) / count;
    out.printf(
        Locale.ROOT,
        "\r\u001b[K[%s%s] %,d of %,d requests, %.0f s left",
        "#".repeat(filled),
        ".".repeat(WIDTH - filled),
        count,
        total,
        left);
    out.flush();
  }
}
