package io.warmpath.cli.interop;

import com.google.errorprone.annotations.Var;
import io.warmpath.agent.kv.KvEvent;
import io.warmpath.agent.kv.KvEventSubscriber;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads an engine's cache events by itself and says which of some prompts, sent one after the
 * other, was the last to lose a step. Thread-safe.
 */
final class EvictionOracle implements KvEventSubscriber.Listener, AutoCloseable {

  private static final int STEP_BLOCKS = 128 / TestEngine.BLOCK_TOKENS;

  private final List<int[]> prompts;
  private final Map<Long, Place> places = new HashMap<>();
  private final KvEventSubscriber subscriber;
  private int lastEvicted = -1;

  /** Where a block is: in which prompt, -1 for another one, and at which position. */
  private record Place(int prompt, int block) {}

  EvictionOracle(TestEngine engine, List<int[]> prompts) {
    this.prompts = prompts;
    this.subscriber = new KvEventSubscriber(engine.events(), engine.replay(), "oracle", this);
    subscriber.start();
  }

  /** The latest of the prompts that has lost a whole step, -1 when none has. */
  synchronized int lastEvicted() {
    return lastEvicted;
  }

  @Override
  public synchronized void onEvents(List<KvEvent> events) {
    for (KvEvent event : events) {
      switch (event) {
        case KvEvent.Stored stored -> store(stored);
        case KvEvent.Removed removed -> {
          for (long hash : removed.hashes()) {
            Place place = places.remove(hash);
            if (place != null && (place.block() + 1) % STEP_BLOCKS == 0) {
              lastEvicted = Math.max(lastEvicted, place.prompt());
            }
          }
        }
        case KvEvent.Cleared() -> places.clear();
      }
    }
  }

  private void store(KvEvent.Stored stored) {
    @Var Place previous = stored.hasParent() ? places.get(stored.parent()) : new Place(-1, -1);
    for (int i = 0; i < stored.hashes().length; i++) {
      int owner =
          stored.hasParent() || i > 0
              ? previous == null ? -1 : previous.prompt()
              : owner(stored.tokens());
      previous = new Place(owner, previous == null ? 0 : previous.block() + 1);
      places.put(stored.hashes()[i], previous);
    }
  }

  private int owner(int[] tokens) {
    for (int i = 0; i < prompts.size(); i++) {
      int[] start = Arrays.copyOf(prompts.get(i), TestEngine.BLOCK_TOKENS);
      if (Arrays.equals(start, Arrays.copyOf(tokens, TestEngine.BLOCK_TOKENS))) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public synchronized void onLost() {
    places.clear();
  }

  @Override
  public void close() {
    subscriber.close();
  }
}
