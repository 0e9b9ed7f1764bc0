package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What became of the requests of a load since the last line was taken. Thread-safe. */
final class LoadTally {

  @GuardedBy("this")
  private @Var int completed;

  @GuardedBy("this")
  private @Var int failed;

  @GuardedBy("this")
  private @Var int cut;

  @GuardedBy("this")
  private @Var int retried;

  @GuardedBy("this")
  private @Var long slowestNanos;

  @GuardedBy("this")
  private final Map<String, Integer> replicas = new TreeMap<>();

  @GuardedBy("this")
  private final Map<String, Integer> reasons = new TreeMap<>();

  @GuardedBy("this")
  private @Var long failures;

  synchronized void placed(String replica) {
    replicas.merge(replica, 1, Integer::sum);
  }

  /** A request was answered after {@code tries} placements. */
  synchronized void completed(int tries, long nanos) {
    completed++;
    retried += tries > 1 ? 1 : 0;
    slowestNanos = Math.max(slowestNanos, nanos);
  }

  /** A request failed, with or without output. */
  synchronized void failed(boolean streaming, String reason) {
    if (streaming) {
      cut++;
    } else {
      failed++;
      failures++;
    }
    reasons.merge(reason, 1, Integer::sum);
  }

  /** Requests that failed before they streamed, since the beginning. */
  synchronized long failures() {
    return failures;
  }

  /** Returns what was counted as one line, and begins anew. */
  synchronized String takeLine() {
    String line =
        String.format(
            Locale.ROOT,
            "completed=%d failed=%d cut=%d retried=%d slowest_ms=%.0f replicas=%s%s",
            completed,
            failed,
            cut,
            retried,
            slowestNanos / 1e6,
            replicas.toString().replace(" ", ""),
            reasons.isEmpty() ? "" : " reasons=" + reasons);
    completed = 0;
    failed = 0;
    cut = 0;
    retried = 0;
    slowestNanos = 0;
    replicas.clear();
    reasons.clear();
    return line;
  }
}
