package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;

/** Events in order of time, those of one time in order of insertion. A binary heap, no objects. */
final class EventQueue {

  private @Var long[] times = new long[64];
  private @Var long[] sequences = new long[64];
  private @Var long[] payloads = new long[64];
  private @Var int size;
  private @Var long nextSequence;

  boolean isEmpty() {
    return size == 0;
  }

  /** Adds an event. */
  void add(long timeNanos, long payload) {
    if (size == times.length) {
      times = Arrays.copyOf(times, 2 * size);
      sequences = Arrays.copyOf(sequences, 2 * size);
      payloads = Arrays.copyOf(payloads, 2 * size);
    }
    @Var int hole = size++;
    long sequence = nextSequence++;
    while (hole > 0) {
      int parent = (hole - 1) >>> 1;
      if (!isBefore(timeNanos, sequence, parent)) {
        break;
      }
      move(parent, hole);
      hole = parent;
    }
    set(hole, timeNanos, sequence, payload);
  }

  /** Time of the first event, {@link Long#MAX_VALUE} when there is none. */
  long firstNanos() {
    return size == 0 ? Long.MAX_VALUE : times[0];
  }

  /** Removes the first event and returns its payload. */
  long poll() {
    if (size == 0) {
      throw new IllegalStateException("no event");
    }
    long payload = payloads[0];
    size--;
    if (size > 0) {
      siftDown(times[size], sequences[size], payloads[size]);
    }
    return payload;
  }

  private void siftDown(long time, long sequence, long payload) {
    @Var int hole = 0;
    while (2 * hole + 1 < size) {
      int left = 2 * hole + 1;
      int right = left + 1;
      int child = right < size && isBefore(times[right], sequences[right], left) ? right : left;
      if (!isBefore(times[child], sequences[child], time, sequence)) {
        break;
      }
      move(child, hole);
      hole = child;
    }
    set(hole, time, sequence, payload);
  }

  private boolean isBefore(long time, long sequence, int index) {
    return isBefore(time, sequence, times[index], sequences[index]);
  }

  private static boolean isBefore(long time, long sequence, long otherTime, long otherSequence) {
    return time < otherTime || (time == otherTime && sequence < otherSequence);
  }

  private void move(int from, int to) {
    set(to, times[from], sequences[from], payloads[from]);
  }

  private void set(int index, long time, long sequence, long payload) {
    times[index] = time;
    sequences[index] = sequence;
    payloads[index] = payload;
  }
}
