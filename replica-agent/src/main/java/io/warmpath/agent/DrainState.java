package io.warmpath.agent;

import io.warmpath.agent.ReplicaMetrics.Outcome;
import java.util.ArrayList;
import java.util.List;

/** Who waits for a replica to run dry. Confined to the replica's event loop. */
final class DrainState {

  private final List<Waiter> waiters = new ArrayList<>();
  private boolean draining;

  /** Hears that a replica ran dry. */
  interface Listener {
    /** Since the drain began so many requests ended by themselves, and so many were cut off. */
    void onDrained(int completed, int cancelled);
  }

  /** One drain and what ended since it began. */
  private static final class Waiter {
    private final Listener listener;
    private int completed;
    private int cancelled;

    Waiter(Listener listener) {
      this.listener = listener;
    }
  }

  boolean isDraining() {
    return draining;
  }

  void begin(boolean dry, Listener listener) {
    draining = true;
    if (dry) {
      listener.onDrained(0, 0);
    } else {
      waiters.add(new Waiter(listener));
    }
  }

  void callEnded(Outcome outcome, boolean dry) {
    for (Waiter waiter : waiters) {
      if (outcome == Outcome.DRAINED) {
        waiter.cancelled++;
      } else {
        waiter.completed++;
      }
    }
    if (dry) {
      List<Waiter> done = List.copyOf(waiters);
      waiters.clear();
      done.forEach(waiter -> waiter.listener.onDrained(waiter.completed, waiter.cancelled));
    }
  }
}
